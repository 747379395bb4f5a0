import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { authorizerSuite } from '@seamark/conformance/authorizer'
import type { Action } from '@seamark/core'
import { authorization } from '@seamark/orchestrator'
import { describe, expect, it } from 'vitest'
import { subject } from '../src/subject.ts'
import { tableAuthorizer } from '../src/table-authorizer.ts'

registerSuite(authorizerSuite, subject, { describe, it })
registerSaboteurs(authorizerSuite, subject, { describe, it })
registerSuite(underTraits(authorizerSuite, subject), subject, { describe, it })

it('is asked by the engine, which records what it denies', async () => {
  const denied: string[] = []
  const authorize = authorization({
    ns: 'default',
    authorizer: tableAuthorizer({ table: { 'oidc:berta': ['run.read'] } }),
    denied: async ({ id }, { action, policy }) => void denied.push(`${id} ${action} ${policy}`),
    notice: (error) => {
      throw error
    },
  })
  const asks = (id: string, action: Action) => authorize({ id }, action)
  await expect(asks('engine', 'run.submit')).resolves.toBeUndefined()
  await expect(asks('oidc:berta', 'run.read')).resolves.toBeUndefined()
  await expect(asks('oidc:berta', 'run.submit')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  expect(denied).toEqual(['oidc:berta run.submit table'])
})
