import type { AuthorizerSubject } from '@seamark/conformance/authorizer'
import type { AuthorizationRequest } from '@seamark/core'
import { tableAuthorizer } from './table-authorizer.ts'

const asking = (id: string): AuthorizationRequest => ({
  principal: { id },
  action: 'run.submit',
  resource: { ns: 'default' },
})

/** A fresh authorizer for one case of the suite, with a request that it allows and one that it denies. */
export async function subject(): Promise<AuthorizerSubject> {
  const open = () => tableAuthorizer({ table: { 'oidc:anna': ['*'], 'oidc:berta': ['run.read'] } })
  return {
    seam: open(),
    reopen: async () => open(),
    allowed: asking('oidc:anna'),
    denied: asking('oidc:carla'),
    dispose: async () => undefined,
  }
}
