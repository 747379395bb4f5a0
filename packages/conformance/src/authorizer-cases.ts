import type { Action, AuthorizationDecision, AuthorizationRequest, Authorizer } from '@seamark/core'
import { inspect } from 'node:util'
import { expectCode, expectEqual, fail, together, within } from './check.ts'
import { identityCase } from './identity-case.ts'
import type { Case, Subject } from './suite.ts'

/** An authorizer under test with a request that it allows, and one of another principal that it denies. */
export interface AuthorizerSubject extends Subject<Authorizer> {
  readonly allowed: AuthorizationRequest
  /** Its principal may do nothing at all. */
  readonly denied: AuthorizationRequest
}

function isAuthorizerSubject(subject: Subject<Authorizer>): subject is AuthorizerSubject {
  return 'allowed' in subject && 'denied' in subject
}

function asked(subject: Subject<Authorizer>): AuthorizerSubject {
  if (!isAuthorizerSubject(subject)) fail('an authorizer needs a subject with allowed and denied')
  return subject
}

// Typed as a record, so that an action that is added is asked about here too.
const everyAction: Readonly<Record<Action, true>> = {
  'run.submit': true,
  'run.read': true,
  'run.cancel': true,
  'run.pause': true,
  'run.resume': true,
  'item.cancel': true,
  'item.resume': true,
  'item.approve': true,
  'item.answer': true,
  'evidence.export': true,
  'agent.push': true,
  'agent.read': true,
  'agent.remove': true,
  'run.hold': true,
  'run.release': true,
  'run.remove': true,
  'storage.collect': true,
  'keys.read': true,
  'executor.probe': true,
  'service.pause': true,
  'service.resume': true,
  'service.stop': true,
}
const isAction = (name: string): name is Action => Object.hasOwn(everyAction, name)

async function decide(seam: Authorizer, request: AuthorizationRequest, what: string): Promise<AuthorizationDecision> {
  return within(
    seam.authorize(request).catch((error: unknown) => fail(`${what}: it threw ${inspect(error)}`)),
    what,
  )
}

async function expectDenied(seam: Authorizer, request: AuthorizationRequest, what: string): Promise<void> {
  const { allowed, reasons } = await decide(seam, request, what)
  expectEqual(allowed, false, what)
  if (reasons.length === 0) fail(`${what}: it is denied without a reason`)
}

function checkShape(decision: AuthorizationDecision, what: string): void {
  const { allowed, policy, reasons } = decision
  if (typeof allowed !== 'boolean') fail(`${what}: allowed is ${inspect(allowed)}`)
  if (typeof policy !== 'string' || policy === '') fail(`${what}: the policy is ${inspect(policy)}`)
  if (!Array.isArray(reasons) || reasons.some((reason) => typeof reason !== 'string' || reason === ''))
    fail(`${what}: the reasons are ${inspect(reasons)}`)
  // It goes into a record, which has at most 60 kB.
  if (JSON.stringify(decision).length > 8192) fail(`${what}: the decision is longer than 8 KiB`)
  expectEqual(JSON.parse(JSON.stringify({ allowed, policy, reasons })), { allowed, policy, reasons }, `${what} as JSON`)
}

/** Every behaviour of an authorizer. */
export const authorizerCases: readonly Case<Authorizer>[] = [
  identityCase('authorizer/v1'),
  {
    id: 'authorizer/allows',
    about: 'what a principal may do is allowed',
    async run(subject) {
      const { seam, allowed } = asked(subject)
      expectEqual((await decide(seam, allowed, 'the allowed request')).allowed, true, 'the allowed request')
    },
  },
  {
    id: 'authorizer/denies',
    about: 'who may do nothing is denied every action, as an answer with a reason',
    async run(subject) {
      const { seam, denied } = asked(subject)
      for (const action of Object.keys(everyAction).filter(isAction))
        await expectDenied(seam, { ...denied, action }, action)
    },
  },
  {
    id: 'authorizer/decision',
    about: 'a decision says whether, by which policy and why, in at most 8 KiB of JSON',
    async run(subject) {
      const { seam, allowed, denied } = asked(subject)
      checkShape(await decide(seam, allowed, 'allowed'), 'allowed')
      checkShape(await decide(seam, denied, 'denied'), 'denied')
      const long: AuthorizationRequest = { ...denied, principal: { id: 'x'.repeat(100_000) } }
      checkShape(await decide(seam, long, 'a long id'), 'a long id')
    },
  },
  {
    id: 'authorizer/hostile-ids',
    about: 'an id that is like an allowed one, or like a name of the language, is denied and never an exception',
    async run(subject) {
      const { seam, allowed, denied } = asked(subject)
      const { id } = allowed.principal
      const ids = ['', '__proto__', 'constructor', 'toString', ` ${id}`, `\0${id}`, `x${id}`, `\n${id}`, `*`, `.*`]
      for (const hostile of ids)
        await expectDenied(seam, { ...allowed, principal: { id: hostile } }, `principal ${inspect(hostile)}`)
      for (const ns of ['', '..', '__proto__', 'x'.repeat(10_000), '*'])
        await expectDenied(
          seam,
          { ...denied, resource: { ns, run: ns, item: ns } },
          `namespace ${inspect(ns.slice(0, 20))}`,
        )
    },
  },
  {
    id: 'authorizer/no-memory',
    about: 'the same request has the same answer, whatever was asked between, after a restart too',
    async run(subject) {
      const { seam, allowed, denied } = asked(subject)
      const answers = async (authorizer: Authorizer) => {
        const out: boolean[] = []
        for (const request of [denied, allowed, denied, allowed, allowed, denied])
          out.push((await decide(authorizer, request, 'a request')).allowed)
        return out
      }
      const right = [false, true, false, true, true, false]
      expectEqual(await answers(seam), right, 'answers')
      const again = await subject.reopen?.()
      if (again !== undefined) expectEqual(await answers(again), right, 'answers after a restart')
    },
  },
  {
    id: 'authorizer/leaves-request',
    about: 'a request is not changed',
    async run(subject) {
      const { seam, allowed } = asked(subject)
      const request = structuredClone(allowed)
      await decide(seam, request, 'a request')
      expectEqual(request, allowed, 'the request afterwards')
      const frozen = Object.freeze({ ...allowed, principal: Object.freeze({ ...allowed.principal }) })
      expectEqual((await decide(seam, frozen, 'a frozen request')).allowed, true, 'a frozen request')
    },
  },
  {
    id: 'authorizer/at-once',
    about: 'eight who ask at once each get their own answer',
    async run(subject) {
      const { seam, allowed, denied } = asked(subject)
      const requests = Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? allowed : denied))
      const answers = await together(requests.map((request) => decide(seam, request, 'a request')))
      expectEqual(
        answers.map((answer) => answer.allowed),
        requests.map((request) => request === allowed),
        'answers',
      )
    },
  },
  {
    id: 'authorizer/abort',
    about: 'an aborted request is ABORTED and never allowed, and the next one works',
    async run(subject) {
      const { seam, allowed } = asked(subject)
      const signal = AbortSignal.abort()
      await expectCode('ABORTED', () => seam.authorize(allowed, { signal }), 'authorize')
      expectEqual((await decide(seam, allowed, 'the next request')).allowed, true, 'the next request')
    },
  },
]
