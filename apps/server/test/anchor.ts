import type { AuditAnchor } from '@seamark/core'

const unused = (): never => {
  throw new Error('The test does not expect that this is asked.')
}

/** An anchor that can only be asked what a test gives it. */
export const anchorWith = (name: string, asked: Partial<Pick<AuditAnchor, 'latest' | 'ready'>>): AuditAnchor => ({
  spec: 'anchor/v1',
  kind: 'test',
  name,
  guarantees: { beyondOperator: { value: true, proof: 'tested' }, time: { value: false, proof: 'tested' } },
  anchor: unused,
  check: unused,
  latest: unused,
  ...asked,
})
