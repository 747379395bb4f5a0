import { expect, it } from 'vitest'
import { withMembers } from '../src/with-members.ts'

class Base {
  #secret = 'private'
  readonly kind: string = 'base'
  get state() {
    return this.#secret
  }
  change() {
    this.#secret = 'changed'
    return this.#secret
  }
  extra() {
    return `${this.kind} ${this.#secret}`
  }
}

it('keeps what a class has, private fields and getters too, and hides what is to be hidden', () => {
  const inner = new Base()
  const made = withMembers<Base, Base>(inner, { kind: 'made' }, ['change'])
  expect([made.kind, made.state, made.extra()]).toEqual(['made', 'private', 'base private'])
  inner.change()
  expect([made.state, made.extra()]).toEqual(['changed', 'base changed'])
  expect(['extra' in made, 'change' in made]).toEqual([true, false])
  expect(Object.assign({}, made)).toMatchObject({ kind: 'made', state: 'changed' })
})

it('wraps what is frozen, and members that are getters', () => {
  let count = 0
  const made = withMembers<{ readonly a: number; readonly b: number }, { readonly a: number }>(
    Object.freeze({ a: 1, b: 2 }),
    {
      get a() {
        return ++count
      },
    },
  )
  expect([made.a, made.a, made.b]).toEqual([1, 2, 2])
})
