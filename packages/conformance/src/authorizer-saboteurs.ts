import type { AuthorizationDecision, AuthorizationRequest, Authorizer } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { setImmediate } from 'node:timers/promises'
import { saboteur } from './sabotage.ts'
import type { Saboteur } from './suite.ts'

type Authorize = Authorizer['authorize']

const broken = (
  about: string,
  cases: readonly string[],
  authorize: (right: Authorizer) => Authorize,
): Saboteur<Authorizer> =>
  saboteur(
    about,
    cases.map((name) => `authorizer/${name}`),
    (right) => ({ authorize: authorize(right) }),
  )

/** Answers with something of the right decision changed. */
const telling = (
  about: string,
  cases: readonly string[],
  change: (decision: AuthorizationDecision, request: AuthorizationRequest) => Partial<AuthorizationDecision>,
): Saboteur<Authorizer> =>
  broken(about, cases, (right) => async (request, options) => {
    const decision = await right.authorize(request, options)
    return { ...decision, ...change(decision, request) }
  })

/** Authorizers that are broken in one way each. */
export const authorizerSaboteurs: readonly Saboteur<Authorizer>[] = [
  saboteur<Authorizer>('it has no kind', ['authorizer/says-what-it-is'], () => ({ kind: '' })),
  telling('it denies everything', ['allows'], () => ({ allowed: false })),
  telling('it lets everybody read', ['denies'], ({ allowed }, { action }) => ({
    allowed: allowed || action.endsWith('.read'),
  })),
  telling('it denies without a reason', ['denies'], ({ allowed, reasons }) => ({ reasons: allowed ? reasons : [] })),
  broken('it throws to deny', ['denies', 'hostile-ids'], (right) => async (request, options) => {
    const decision = await right.authorize(request, options)
    if (!decision.allowed) throw new SeamError('FORBIDDEN', 'No.')
    return decision
  }),
  telling('it names no policy', ['decision'], () => ({ policy: '' })),
  telling('it repeats whatever was asked', ['decision'], (_, { principal }) => ({ reasons: [`no: ${principal.id}`] })),
  broken(
    'it cleans ids up',
    ['hostile-ids'],
    (right) => (request, options) =>
      right.authorize({ ...request, principal: { id: request.principal.id.trim().replace('\0', '') } }, options),
  ),
  broken('it remembers that it allowed', ['no-memory'], (right) => {
    let once = false
    return async (request, options) => {
      const decision = await right.authorize(request, options)
      once ||= decision.allowed
      return { ...decision, allowed: once }
    }
  }),
  broken('it writes into the request', ['leaves-request'], (right) => async (request, options) => {
    Object.assign(request.principal, { id: `${request.principal.id}`, seen: true })
    return right.authorize(request, options)
  }),
  broken('it mixes up who asked when many do', ['at-once'], (right) => {
    let last: AuthorizationRequest
    return async (request, options) => {
      last = request
      await setImmediate()
      return right.authorize(last, options)
    }
  }),
  broken('it does not look at the signal', ['abort'], (right) => (request) => right.authorize(request)),
]
