/** A binary min-heap; `push` and `pop` are O(log n). */
export interface Heap<T> {
  readonly size: number
  peek(): T | undefined
  push(value: T): void
  pop(): T | undefined
}

export function heap<T>(before: (a: T, b: T) => boolean): Heap<T> {
  const values: T[] = []
  const at = (index: number): T => values[index] as T
  const swap = (a: number, b: number) => ([values[a], values[b]] = [at(b), at(a)])
  return {
    get size() {
      return values.length
    },
    peek: () => values[0],
    push(value) {
      let index = values.push(value) - 1
      while (index > 0) {
        const parent = (index - 1) >> 1
        if (!before(at(index), at(parent))) break
        swap(index, parent)
        index = parent
      }
    },
    pop() {
      const first = values[0]
      const last = values.pop()
      if (values.length === 0 || last === undefined) return first
      values[0] = last
      for (let index = 0; ; ) {
        const left = 2 * index + 1
        const right = left + 1
        let least = index
        if (left < values.length && before(at(left), at(least))) least = left
        if (right < values.length && before(at(right), at(least))) least = right
        if (least === index) break
        swap(index, least)
        index = least
      }
      return first
    },
  }
}
