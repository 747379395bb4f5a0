import type { Action, AuthorizationDecision, AuthorizationRequest, Authorizer, Principal } from '@seamark/core'
import { NAME, SeamError, toSeamError } from '@seamark/kit'
import type { Denial } from './denials.ts'

export interface AuthorizationOptions {
  readonly ns: string
  readonly authorizer: Authorizer
  /** Makes a denial durable. While it can not, the caller is told that error, and what was asked does not happen either. */
  denied(principal: Principal, denial: Denial): Promise<void>
  /** The authorizer failed to decide. */
  readonly notice: (error: Error) => void
}

/**
 * Resolves when the principal may do this. Errors: `FORBIDDEN` once the denial is recorded, also where the
 * authorizer could not decide; `UNAVAILABLE` where nothing can be recorded now; `UNAUTHENTICATED` for a
 * principal whose id fits no record.
 */
export type Authorize = (
  principal: Principal,
  action: Action,
  resource?: Omit<AuthorizationRequest['resource'], 'ns'>,
) => Promise<void>

/** The one place where an authorizer is asked, for commands and for questions. */
export function authorization(options: AuthorizationOptions): Authorize {
  const { ns, authorizer, notice } = options

  async function decide(request: AuthorizationRequest): Promise<AuthorizationDecision> {
    try {
      return await authorizer.authorize(request)
    } catch (error) {
      notice(toSeamError(error))
      return { allowed: false, policy: 'unavailable', reasons: ['The authorizer could not decide.'] }
    }
  }

  return async (principal, action, resource = {}) => {
    if (!isWord(principal.id) || (principal.onBehalfOf !== undefined && !isWord(principal.onBehalfOf)))
      throw new SeamError('UNAUTHENTICATED', 'The id of the principal is not a text of 1 to 200 characters.')
    const { allowed, policy, reasons } = await decide({ principal, action, resource: { ns, ...resource } })
    if (allowed) return
    const { run } = resource
    await options.denied(principal, {
      action,
      // Of another package: made to fit a record, so that no denial is lost for its name.
      policy: policy.slice(0, 200).toWellFormed() || 'unknown',
      ...(run !== undefined && NAME.test(run) && { target: run }),
    })
    throw new SeamError('FORBIDDEN', `${action} is not allowed: ${reasons.join(' ')}`)
  }
}

function isWord(text: string): boolean {
  return text.length > 0 && text.length <= 200 && text.isWellFormed()
}
