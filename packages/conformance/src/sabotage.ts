import type { MakeSubject, Saboteur, Subject } from './suite.ts'

/** A saboteur that exchanges some members of a right implementation. */
export function saboteur<S extends object>(
  about: string,
  rejectedBy: readonly string[],
  change: (right: S) => Partial<S>,
): Saboteur<S> {
  const broken = (right: S): S => {
    const changes = change(right)
    return new Proxy(right, {
      get(target, property) {
        if (Object.hasOwn(changes, property)) return Reflect.get(changes, property)
        const value: unknown = Reflect.get(target, property)
        return typeof value === 'function' ? (...args: unknown[]): unknown => Reflect.apply(value, target, args) : value
      },
    })
  }
  return {
    about,
    rejectedBy,
    break: (make: MakeSubject<S>) => async () => {
      const subject: Subject<S> = await make()
      return {
        ...subject,
        seam: broken(subject.seam),
        ...(subject.reopen && { reopen: async () => broken((await subject.reopen?.()) ?? subject.seam) }),
      }
    },
  }
}
