import type { AuthorizationRequest } from '@seamark/core'
import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { authorizerSuite } from '@seamark/conformance/authorizer'
import { describe, it } from 'vitest'
import { allowLocal } from '../src/index.ts'

const asking = (id: string): AuthorizationRequest => ({
  principal: { id },
  action: 'run.submit',
  resource: { ns: 'default' },
})
const subject = async () => ({
  seam: allowLocal(),
  reopen: async () => allowLocal(),
  allowed: asking('local:1000'),
  denied: asking('oidc:somebody'),
  dispose: async () => undefined,
})

registerSuite(authorizerSuite, subject, { describe, it })
registerSaboteurs(authorizerSuite, subject, { describe, it })
registerSuite(underTraits(authorizerSuite, subject), subject, { describe, it })
