import type { Seam } from '@seamark/core'
import { inspect } from 'node:util'
import { expectEqual, fail } from './check.ts'
import type { Case } from './suite.ts'

/** What every instance of a seam says of itself. `more` looks at what this seam adds. */
export function identityCase<S extends Seam<string>>(spec: S['spec'], more: (seam: S) => void = () => {}): Case<S> {
  return {
    id: `${spec.slice(0, spec.indexOf('/'))}/says-what-it-is`,
    about: 'spec, kind, name and guarantees are there',
    async run({ seam }) {
      expectEqual(seam.spec, spec, 'spec')
      if (!/^[a-z][a-z0-9.-]*$/.test(seam.kind)) fail(`kind ${inspect(seam.kind)}`)
      if (typeof seam.name !== 'string' || seam.name === '') fail('it has no name')
      if (typeof seam.guarantees !== 'object' || seam.guarantees === null) fail('it has no guarantees')
      more(seam)
    },
  }
}

/** A guarantee must say yes or no, and how far that was proven. */
export function expectClaim(claim: unknown, what: string): void {
  if (typeof claim !== 'object' || claim === null) fail(`${what} is not claimed`)
  const value: unknown = Reflect.get(claim, 'value')
  const proof: unknown = Reflect.get(claim, 'proof')
  if (typeof value !== 'boolean') fail(`${what} is ${inspect(value)}`)
  if (!['probed', 'tested', 'unproven'].some((word) => word === proof)) fail(`${what} has the proof ${inspect(proof)}`)
}
