/**
 * An object that is like `inner` but for `members` of `B`, and without some. What it has from `inner`, of a class too, is
 * looked up and called on `inner` each time, so that it may change.
 */
export function withMembers<T extends B, B extends object>(
  inner: T,
  members: Partial<B>,
  without: readonly PropertyKey[] = [],
): T {
  const made: T = Object.assign({}, inner)
  const seen = new Set<PropertyKey>(['constructor'])
  for (let level: unknown = inner; isLevel(level); level = Object.getPrototypeOf(level))
    for (const name of Reflect.ownKeys(level)) {
      if (seen.has(name)) continue
      seen.add(name)
      const get = (): unknown => {
        const value: unknown = Reflect.get(inner, name)
        return typeof value === 'function' ? (...args: unknown[]): unknown => Reflect.apply(value, inner, args) : value
      }
      Object.defineProperty(made, name, { get, enumerable: true, configurable: true })
    }
  for (const name of without) Reflect.deleteProperty(made, name)
  return Object.defineProperties(made, Object.getOwnPropertyDescriptors(members))
}

function isLevel(level: unknown): level is object {
  return typeof level === 'object' && level !== null && level !== Object.prototype
}
