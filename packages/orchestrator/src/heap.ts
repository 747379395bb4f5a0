/** A binary min-heap; `push` and `pop` are O(log n), `keep` is O(n). Equal values come in no stated order. */
export interface Heap<T> {
  readonly size: number
  peek(): T | undefined
  push(value: T): void
  pop(): T | undefined
  /** Drops every value that the test does not hold for. */
  keep(test: (value: T) => boolean): void
}

export function heap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  let values: T[] = []

  function up(value: T, from: number): void {
    let index = from
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = values[above]
      if (parent === undefined || !before(value, parent)) break
      values[index] = parent
      index = above
    }
    values[index] = value
  }

  function down(value: T, from: number): void {
    let index = from
    for (;;) {
      const left = 2 * index + 1
      let [below, child] = [left, values[left]]
      const right = values[left + 1]
      if (child !== undefined && right !== undefined && before(right, child)) [below, child] = [left + 1, right]
      if (child === undefined || !before(child, value)) break
      values[index] = child
      index = below
    }
    values[index] = value
  }

  return {
    get size() {
      return values.length
    },
    peek: () => values[0],
    push(value) {
      values.push(value)
      up(value, values.length - 1)
    },
    pop() {
      const first = values[0]
      const last = values.pop()
      if (values.length > 0 && last !== undefined) down(last, 0)
      return first
    },
    keep(test) {
      values = values.filter(test)
      for (let index = (values.length >> 1) - 1; index >= 0; index--) {
        const value = values[index]
        if (value !== undefined) down(value, index)
      }
    },
  }
}
