import { randomUUID } from 'node:crypto'
import type { Principal, SpendLimits } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { ATTEMPT_HEADER, REQUEST_ID_HEADER, ROUTES, spendLimits } from '@seamark/protocol'
import type { ApproveBody, Route } from '@seamark/protocol'
import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import { listAgents, pushAgent, removeAgent, showAgent } from '../agents.ts'
import type { Deployment } from '../deployment.ts'
import { exportEvidence } from '../evidence.ts'
import { collect, removeRun } from '../gc.ts'
import { holds } from '../holds.ts'
import { itemPolicy } from '../item-policy.ts'
import { exportKeys } from '../keys.ts'
import { readLogs } from '../logs.ts'
import { readPatch } from '../patch.ts'
import { questions } from '../questions.ts'
import { REPORT_HEADERS, runReport } from '../report.ts'
import { diagnose, probe } from '../diagnose.ts'
import { describe } from '../service-view.ts'
import { about, checkedPlan } from '../checked-plan.ts'
import type { PlanText } from '../checked-plan.ts'
import { viewPlan } from '../plan-view.ts'
import { rerun } from '../rerun.ts'
import { submit } from '../submit.ts'
import type { Call, RouteContext } from './define.ts'
import { serveJson, serveStream } from './define.ts'
import { runEvents, serviceEvents } from '../events.ts'
import { answerProblems, connectionProblem, routerProblem } from './problems.ts'

export interface AppOptions {
  readonly deployment: Deployment
  /** Who is at the other end: whoever can open the socket. */
  readonly principal: Principal
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Fires when the service stops. */
  readonly stopping: AbortSignal
  /** Asked by `POST /v1/stop`, after its answer is sent. */
  stop(options: { readonly cancelRunning: boolean }): void
  /** Asked by `POST /v1/drain`. */
  drain(options: { readonly timeoutMs?: number }): void
  /** Since when it drains. */
  draining(): { readonly since: number } | undefined
  readonly onNotice: (error: Error) => void
}

export interface App {
  readonly http: FastifyInstance
  /** Requests that are not answered to their end. */
  open(): number
}

/** Every route of `/v1` over a deployment. */
export function buildApp(options: AppOptions): App {
  const { deployment, principal, stopping } = options
  const app = fastify({
    logger: false,
    genReqId: () => randomUUID(),
    bodyLimit: 1024 * 1024,
    forceCloseConnections: 'idle',
    // A follower may be silent for as long as it likes.
    requestTimeout: 0,
    // What a stopping service can not do any more it says itself.
    return503OnClosing: false,
    // Not longer than any id: what is, is refused in our words.
    routerOptions: { maxParamLength: 100 },
    // On a socket of one user nobody needs to say which host is meant.
    http: { requireHostHeader: false },
    frameworkErrors: routerProblem,
    clientErrorHandler: connectionProblem,
  })
  let open = 0
  app.addHook('onRequest', async (_request, reply) => {
    open++
    reply.raw.once('close', () => open--)
  })
  app.addHook('onSend', async (request, reply) => void reply.header(REQUEST_ID_HEADER, request.id))
  app.removeAllContentTypeParsers()
  // Routes parse their own bodies: what is wrong with one is told in our words.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  answerProblems(app, options.onNotice, deployment.memory)

  const context: RouteContext = {
    stopping,
    authorize: (action, parameters) => deployment.authorize(principal, action, resourceOf(parameters)),
  }
  const ask = questions(deployment)
  const json = <P, Q, B, A>(route: Route<P, Q, B, A>, handle: (call: Call<P, Q, B>) => Promise<A>) =>
    serveJson(app, context, route, handle)

  json(ROUTES.health, async () => {
    await deployment.requireEngine()
    return { status: 'ok' as const }
  })
  json(ROUTES.service, async () => {
    const draining = options.draining()
    return { ...(await describe(deployment, options.startedAt)), ...(draining && { draining }) }
  })
  json(ROUTES.doctor, async ({ query, signal }) => diagnose(deployment, { ...query, signal }))
  json(ROUTES.probe, async ({ params, signal }) => probe(deployment, { ...params, signal }))
  json(ROUTES.keys, async ({ signal }) => exportKeys(deployment, { signal }))
  json(ROUTES.stop, async ({ body }) => {
    setImmediate(() => options.stop({ cancelRunning: body().cancelRunning ?? false }))
    return { stopping: true as const }
  })
  json(ROUTES.drain, async ({ body }) => {
    await deployment.requireEngine()
    options.drain(body())
    return { draining: true as const }
  })
  json(ROUTES.submit, async ({ query, plan, signal }) =>
    submit(deployment, principal, { ...query, ...requirePlan(plan) }, { signal }),
  )
  json(ROUTES.rerun, async ({ params, query, signal }) => rerun(deployment, principal, params.run, query, { signal }))
  json(ROUTES.checkPlan, async ({ plan, signal }) =>
    about(deployment, await checkedPlan(deployment, requirePlan(plan), { signal })),
  )
  json(ROUTES.showPlan, async ({ query, plan, signal }) =>
    viewPlan(await checkedPlan(deployment, requirePlan(plan), { signal }), query),
  )
  json(ROUTES.runs, async ({ query }) => ask.runs(query))
  json(ROUTES.run, async ({ params }) => ask.run(params.run))
  json(ROUTES.items, async ({ params, query }) => ask.items(params.run, query))
  json(ROUTES.item, async ({ params }) => ask.item(params.run, params.item))
  json(ROUTES.policy, async ({ params, signal }) => itemPolicy(deployment, params.run, params.item, { signal }))
  json(ROUTES.cancelRun, async ({ params }) => (await deployment.requireEngine()).cancel(principal, params.run))
  // Who may cancel an item need not be one who may read the names of others.
  json(ROUTES.cancelItem, async ({ params }) =>
    (await deployment.requireEngine()).cancel(principal, params.run, params.item),
  )
  json(ROUTES.pauseRun, async ({ params }) => (await deployment.requireEngine()).pause(principal, params.run))
  json(ROUTES.resumeRun, async ({ params }) => (await deployment.requireEngine()).unpause(principal, params.run))
  json(ROUTES.pauseService, async () => (await deployment.requireEngine()).pause(principal))
  json(ROUTES.resumeService, async () => (await deployment.requireEngine()).unpause(principal))
  json(ROUTES.resumeItem, async ({ params, body }) => {
    const engine = await deployment.requireEngine()
    await engine.resume(principal, params.run, params.item, body().token)
    return { resumed: true as const }
  })
  json(ROUTES.answerItem, async ({ params, body }) => {
    const engine = await deployment.requireEngine()
    await engine.answer(principal, params.run, params.item, body().token, body().text)
    return { answered: true as const }
  })
  json(ROUTES.approveItem, async ({ params, body }) => {
    const engine = await deployment.requireEngine()
    await engine.approve(principal, params.run, params.item, body().token, amountOf(body()))
    return { approved: true as const }
  })
  json(ROUTES.pushAgent, async ({ body, signal }) => pushAgent(deployment, principal, body(), { signal }))
  json(ROUTES.agents, async () => listAgents(deployment))
  json(ROUTES.agent, async ({ params, signal }) => showAgent(deployment, params.agent, { signal }))
  json(ROUTES.removeAgent, async ({ params }) => removeAgent(deployment, principal, params.agent))
  json(ROUTES.collect, async ({ body, signal }) =>
    collect(deployment, principal, body(), { signal, onNotice: options.onNotice }),
  )
  json(ROUTES.holds, async ({ signal }) => ({ holds: await holds(deployment, { signal }) }))
  json(ROUTES.holdRun, async ({ params, body }) => {
    const engine = await deployment.requireEngine()
    return { placed: (await engine.hold(principal, params.run, body().reason)).created }
  })
  json(ROUTES.releaseRun, async ({ params }) => (await deployment.requireEngine()).release(principal, params.run))
  json(ROUTES.removeRun, async ({ params, query, signal }) =>
    removeRun(deployment, principal, params.run, { ...query, signal, onNotice: options.onNotice }),
  )
  json(ROUTES.usage, async ({ query }) => ask.usage(query))
  serveStream(app, context, ROUTES.events, async ({ params, query, signal }) => ({
    body: runEvents(deployment, params.run, { ...query, signal }),
  }))
  serveStream(app, context, ROUTES.serviceEvents, async ({ query, signal }) => ({
    body: serviceEvents(deployment, { ...query, signal }),
  }))
  serveStream(app, context, ROUTES.logs, async ({ params, query, signal }) => {
    const { attempt, body } = await readLogs(deployment, params.run, params.item, { ...query, signal })
    return { headers: { [ATTEMPT_HEADER]: String(attempt) }, body }
  })
  serveStream(app, context, ROUTES.patch, async ({ params, signal }) => ({
    body: readPatch(deployment, params.run, params.item, { signal }),
  }))
  serveStream(app, context, ROUTES.evidence, async ({ params, signal }) => ({
    body: exportEvidence(deployment, params.run, { signal, onNotice: options.onNotice }),
  }))
  serveStream(app, context, ROUTES.report, async ({ params, signal }) => ({
    headers: REPORT_HEADERS,
    body: runReport(deployment, params.run, { signal, onNotice: options.onNotice }),
  }))
  return { http: app, open: () => open }
}

/** Errors: `INVALID_INPUT`. */
function requirePlan(plan: PlanText | undefined): PlanText {
  if (plan === undefined) throw new SeamError('INVALID_INPUT', 'There is no plan in the body.')
  return plan
}

/** What a request is about, by the names of its parameters. */
function resourceOf(parameters: unknown): { readonly run?: string; readonly item?: string; readonly agent?: string } {
  const named = typeof parameters === 'object' && parameters !== null ? parameters : {}
  const run: unknown = Reflect.get(named, 'run')
  const item: unknown = Reflect.get(named, 'item')
  const agent: unknown = Reflect.get(named, 'agent')
  return {
    ...(typeof run === 'string' && { run }),
    ...(typeof item === 'string' && { item }),
    ...(typeof agent === 'string' && { agent }),
  }
}

/** Errors: `INVALID_INPUT` for money that is finer than it is counted. */
function amountOf(body: ApproveBody): SpendLimits {
  const limits = spendLimits(body)
  if (limits !== undefined) return limits
  throw new SeamError('INVALID_INPUT', 'The amount is finer than a thousand-millionth of a dollar.', {
    place: { pointer: '/usd' },
    remedy: 'Write at most nine digits after the point.',
  })
}
