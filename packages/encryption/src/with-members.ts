/** The object with these members of `B` instead of its own, getters as getters. */
export function withMembers<T extends B, B extends object>(object: T, members: Partial<B>): T {
  return Object.defineProperties(object, Object.getOwnPropertyDescriptors(members))
}
