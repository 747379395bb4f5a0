import { describe, expect, it } from 'vitest'
import { allowLocal } from '../src/index.ts'

const decide = (id: string) =>
  allowLocal().authorize({ principal: { id }, action: 'run.submit', resource: { ns: 'default' } })

describe('allowLocal', () => {
  it.each(['engine', 'local:1000', 'local:'])('allows %j', async (id) => {
    expect(await decide(id)).toMatchObject({ allowed: true, policy: 'allow-local' })
  })

  it.each(['', 'Engine', 'engine2', 'oidc:local:1', ' local:1', 'LOCAL:1', '__proto__'])(
    'denies %j, as an answer with a reason',
    async (id) => {
      const decision = await decide(id)
      expect(decision.allowed).toBe(false)
      expect(decision.reasons).not.toEqual([])
    },
  )
})
