import type { CallOptions, OutputStream, Step, TrustFile } from '@seamark/core'
import type {
  CollectAnswer,
  CollectBody,
  HoldAnswer,
  HoldView,
  ReleaseAnswer,
  RemovedRun,
  RemoveQuery,
  RerunAnswer,
  RerunQuery,
  AgentDetail,
  AgentView,
  ApproveBody,
  CheckAnswer,
  DoctorQuery,
  DoctorReport,
  Effective,
  ItemView,
  PlanFormat,
  PlanView,
  PlanWithValues,
  PolicyView,
  PushAnswer,
  PushBody,
  Removed,
  RunEvent,
  RunsQuery,
  RunView,
  ServiceEvent,
  ServiceView,
  SubmitAnswer,
  TranscriptLine,
  UsageQuery,
  UsageView,
  VariableValues,
  Route,
} from '@seamark/protocol/wire'
import { SeamError } from '@seamark/kit'
import { newRunId, PLAN_MEDIA_TYPES, PLAN_WITH_VALUES_MEDIA_TYPE, ROUTES } from '@seamark/protocol/wire'
import { call } from './call.ts'
import type { CallInput } from './call.ts'
import type { ClientOptions } from './options.ts'
import { eventStream, logStream, transcriptStream, serviceEventStream, wholeStream } from './streams.ts'
import { transport } from './transport.ts'

export interface PlanInput {
  /** The plan's own text, YAML or JSON, UTF-8. */
  readonly plan: string | Uint8Array
  readonly format: PlanFormat
  /** Of the variables that the plan declares. Text is read as their types. */
  readonly variables?: VariableValues
}

/** A plan as it is sent. */
function bytesOf({ plan, format, variables }: PlanInput): NonNullable<CallInput<never, never, never>['bytes']> {
  if (variables === undefined || Object.keys(variables).length === 0)
    return { data: plan, mediaType: PLAN_MEDIA_TYPES[format] }
  const text = typeof plan === 'string' ? plan : decoded(plan)
  const body: PlanWithValues = { plan: text, format, variables }
  return { data: JSON.stringify(body), mediaType: PLAN_WITH_VALUES_MEDIA_TYPE }
}

function decoded(plan: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plan)
  } catch (error) {
    throw new SeamError('INVALID_INPUT', 'The plan is not UTF-8.', { remedy: 'Save the file as UTF-8.', cause: error })
  }
}

export interface SubmitInput extends PlanInput {
  /** Absolute folder that a relative `workspace.git` is relative to. */
  readonly from?: string
  /** Id of the run. Without one a UUIDv7 is made here, so that a repeated call submits once. */
  readonly run?: string
}

export interface LogsInput {
  readonly stream?: OutputStream
  /** First byte wanted. Default 0. */
  readonly from?: number
  readonly follow?: boolean
  /** Default: the newest. */
  readonly attempt?: number
  /** Default `main`. */
  readonly step?: Step
  /** Name of a service of the step: what it wrote to both streams, in the place of `stream`. */
  readonly service?: string
}

/**
 * A client of one service. Idempotent calls are tried again with back-off; a stream that is cut
 * goes on where it was. Every error is a `SeamError` with the service's code; `UNAVAILABLE` where
 * there is no answer, `INTERNAL` where the answer is not what `/v1` says, `ABORTED` on request.
 */
export interface SeamarkClient {
  health(options?: CallOptions): Promise<{ readonly status: 'ok' }>
  service(options?: CallOptions): Promise<ServiceView>
  /** With `deep` it re-reads all that is stored, and may be silent for as long as that takes. */
  doctor(input?: Partial<DoctorQuery>, options?: CallOptions): Promise<DoctorReport>
  /** Has an executor tried from inside, and what came of it kept: one finding for each try. Errors: `NOT_FOUND`, `UNSUPPORTED`, `CONFLICT`. */
  probe(executor: string, options?: CallOptions): Promise<DoctorReport>
  /** The trust file of this log. */
  keys(options?: CallOptions): Promise<TrustFile>
  stop(input?: { readonly cancelRunning?: boolean }, options?: CallOptions): Promise<void>
  /** Has the service take no plans, begin no attempt, and stop once nothing runs; after `timeoutMs` it takes work again instead. */
  drain(input?: { readonly timeoutMs?: number }, options?: CallOptions): Promise<void>
  submit(input: SubmitInput, options?: CallOptions): Promise<SubmitAnswer>
  /**
   * Does a run that is over again, under a new id that is made here where there is none, so that a repeated call does so once. Errors:
   * `NOT_FOUND`, `CONFLICT` (it is not over, what is to be taken is gone, or the configuration changed).
   */
  rerun(run: string, input?: RerunQuery, options?: CallOptions): Promise<RerunAnswer>
  /** Checks a plan as `submit` does, but for its repository, which is not looked at. Changes nothing. */
  check(input: PlanInput, options?: CallOptions): Promise<CheckAnswer>
  /** Checks a plan in the same way, and gives its graph. */
  show(input: PlanInput & { readonly svg?: boolean }, options?: CallOptions): Promise<PlanView>
  /** All runs, newest first; pages are fetched as they are needed. */
  runs(filter?: Omit<RunsQuery, 'cursor' | 'limit'>, options?: CallOptions): AsyncIterable<RunView>
  run(run: string, options?: CallOptions): Promise<RunView>
  /** All items of a run, in the order of the plan; pages of `limit`, by default 1,000, are fetched as they are needed. */
  items(
    run: string,
    filter?: { readonly status?: ItemView['status']; readonly limit?: number },
    options?: CallOptions,
  ): AsyncIterable<ItemView>
  item(run: string, item: string, options?: CallOptions): Promise<ItemView>
  /** What the attempts of an item may use, as it was recorded with the run. */
  policy(run: string, item: string, options?: CallOptions): Promise<PolicyView>
  /** Each record once, in order, without pings. With `follow` the last is `end`. */
  events(
    run: string,
    input?: { readonly from?: number; readonly follow?: boolean },
    options?: CallOptions,
  ): AsyncIterable<Exclude<RunEvent, { readonly type: 'ping' }>>
  /** The same of the whole log: of all runs, and of the service itself. With `follow` it does not end. */
  serviceEvents(
    input?: { readonly from?: number; readonly follow?: boolean },
    options?: CallOptions,
  ): AsyncIterable<Exclude<ServiceEvent, { readonly type: 'ping' }>>
  logs(run: string, item: string, input?: LogsInput, options?: CallOptions): AsyncIterable<Uint8Array>
  /** What the program of an attempt said and what it was told, in order. With `follow` it waits for the end of the attempt. */
  transcript(
    run: string,
    item: string,
    input?: Pick<LogsInput, 'attempt' | 'follow'>,
    options?: CallOptions,
  ): AsyncIterable<TranscriptLine>
  patch(run: string, item: string, options?: CallOptions): AsyncIterable<Uint8Array>
  /** The bundle, as a tar. A stream that is cut ends with `UNAVAILABLE`: never a shorter bundle. */
  evidence(run: string, options?: CallOptions): AsyncIterable<Uint8Array>
  /** The run as one page of HTML, whole or `UNAVAILABLE`. */
  report(run: string, options?: CallOptions): AsyncIterable<Uint8Array>
  /** A run, or one item of it. */
  cancel(run: string, item?: string, options?: CallOptions): Promise<Effective>
  /**
   * Launches nothing new of a run, or of all runs without `run`, until `unpause`; attempts that have begun go to their end.
   * Errors: `NOT_FOUND`.
   */
  pause(run?: string, options?: CallOptions): Promise<Effective>
  /** Ends a pause of a run, or that of all. A run that was paused itself stays so. Errors: `NOT_FOUND`. */
  unpause(run?: string, options?: CallOptions): Promise<Effective>
  resume(run: string, item: string, token: string, options?: CallOptions): Promise<void>
  /**
   * Answers the question that an item waits for under the token that its view has in `waiting`. Sent again it changes nothing.
   * Errors: `NOT_FOUND`, `CONFLICT` (it does not wait for an answer under this token), `INVALID_INPUT`.
   */
  answer(run: string, item: string, token: string, text: string, options?: CallOptions): Promise<void>
  /**
   * Raises the budgets of an item and of its run by `more`, where they have one, and resumes the item, which waits for a
   * budget under the token that its view has in `parked`. Sent again it changes nothing. Errors: `NOT_FOUND`, `CONFLICT`
   * (it does not wait for a budget under this token), `INVALID_INPUT` (neither has a budget of that kind).
   */
  approve(
    run: string,
    item: string,
    token: string,
    more?: Omit<ApproveBody, 'token'>,
    options?: CallOptions,
  ): Promise<void>
  /** What settled calls came to, a row for each day, oldest first; pages are fetched as they are needed. */
  usage(filter?: Partial<Omit<UsageQuery, 'cursor' | 'limit'>>, options?: CallOptions): AsyncIterable<UsageView>
  /**
   * Keeps a version of an agent, so that plans may name it; sent again it changes nothing. Errors: `CONFLICT` (that version has other
   * content), `INVALID_INPUT` and `LIMIT_EXCEEDED` with all problems.
   */
  pushAgent(agent: PushBody, options?: CallOptions): Promise<PushAnswer>
  /** All versions of agents, removed ones too. */
  agents(options?: CallOptions): Promise<readonly AgentView[]>
  /** One version: `NAME@VERSION`, `sha256:DIGEST`, or `NAME` for its newest. Errors: `NOT_FOUND`. */
  agent(agent: string, options?: CallOptions): Promise<AgentDetail>
  /** No plan may name the version any more. Errors: `NOT_FOUND`. */
  removeAgent(agent: string, options?: CallOptions): Promise<Removed>
  /**
   * Removes blobs that nothing needs, or with `dryRun` says what it would remove. Errors: `CONFLICT` (one is under way), `UNSUPPORTED`
   * (a storage that can not), `LIMIT_EXCEEDED` (no room for its list), `INTEGRITY`.
   */
  collect(input?: CollectBody, options?: CallOptions): Promise<CollectAnswer>
  /** The runs that are held. */
  holds(options?: CallOptions): Promise<readonly HoldView[]>
  /** Keeps what a run left, whatever its age. Errors: `NOT_FOUND`, `CONFLICT` (a collection that gives it up is under way). */
  hold(run: string, reason?: string, options?: CallOptions): Promise<HoldAnswer>
  /** Lets a run be given up at its age. */
  release(run: string, options?: CallOptions): Promise<ReleaseAnswer>
  /**
   * Removes what a run left that is over, or with `dryRun` says what it would remove; its records stay. Errors: `NOT_FOUND`, `CONFLICT` (it is not over, it is held, what it left is being
   * read, or a collection is under way), `UNSUPPORTED` (a storage that can not), `LIMIT_EXCEEDED` (no room for its list), `INTEGRITY`.
   */
  removeRun(run: string, input?: Partial<RemoveQuery>, options?: CallOptions): Promise<RemovedRun>
  /** Closes its connections. Idempotent. */
  close(): Promise<void>
}

/** A client of one service. Does no I/O before the first call. Errors: `INVALID_INPUT` for an address that can not be used. */
export function seamarkClient(options: ClientOptions): SeamarkClient {
  const wire = transport(options)
  const ask = <Params, Query, Body, Answer>(
    route: Route<Params, Query, Body, Answer>,
    input: CallInput<Params, Query, Body>,
    { signal }: CallOptions = {},
  ) => call(wire, options, route, { ...input, ...(signal && { signal }) })
  const none = { params: {} }

  return {
    health: (callOptions) => ask(ROUTES.health, none, callOptions),
    service: (callOptions) => ask(ROUTES.service, none, callOptions),
    doctor: ({ deep = false } = {}, callOptions) =>
      ask(ROUTES.doctor, { params: {}, query: { deep }, ...(deep && { silenceMs: 0 }) }, callOptions),
    // It tries for some seconds, and on a machine that is busy for longer.
    probe: (executor, callOptions) => ask(ROUTES.probe, { params: { executor }, silenceMs: 0 }, callOptions),
    keys: (callOptions) => ask(ROUTES.keys, none, callOptions),
    async stop(input = {}, callOptions) {
      await ask(ROUTES.stop, { params: {}, body: input }, callOptions)
    },
    async drain(input = {}, callOptions) {
      await ask(ROUTES.drain, { params: {}, body: input }, callOptions)
    },
    submit: async ({ from, run = newRunId(), ...plan }, callOptions) =>
      ask(ROUTES.submit, { params: {}, query: { run, from }, bytes: bytesOf(plan) }, callOptions),
    rerun: (of, { run = newRunId(), ...input } = {}, callOptions) =>
      ask(ROUTES.rerun, { params: { run: of }, query: { run, ...input } }, callOptions),
    check: async (plan, callOptions) => ask(ROUTES.checkPlan, { params: {}, bytes: bytesOf(plan) }, callOptions),
    show: async ({ svg = false, ...plan }, callOptions) =>
      ask(ROUTES.showPlan, { params: {}, query: { svg }, bytes: bytesOf(plan) }, callOptions),
    async *runs(filter = {}, callOptions) {
      let cursor: string | undefined
      do {
        const page = await ask(ROUTES.runs, { params: {}, query: { ...filter, cursor } }, callOptions)
        yield* page.runs
        cursor = page.cursor
      } while (cursor !== undefined)
    },
    run: (run, callOptions) => ask(ROUTES.run, { params: { run } }, callOptions),
    async *items(run, filter = {}, callOptions) {
      let cursor: string | undefined
      do {
        const query = { limit: 1_000, ...filter, cursor }
        const page = await ask(ROUTES.items, { params: { run }, query }, callOptions)
        yield* page.items
        cursor = page.cursor
      } while (cursor !== undefined)
    },
    item: (run, item, callOptions) => ask(ROUTES.item, { params: { run, item } }, callOptions),
    policy: (run, item, callOptions) => ask(ROUTES.policy, { params: { run, item } }, callOptions),
    events: (run, input = {}, callOptions) => eventStream(wire, options, run, input, callOptions?.signal),
    serviceEvents: (input = {}, callOptions) => serviceEventStream(wire, options, input, callOptions?.signal),
    logs: (run, item, input = {}, callOptions) => logStream(wire, options, { run, item }, input, callOptions?.signal),
    transcript: (run, item, input = {}, callOptions) =>
      transcriptStream(wire, options, { run, item }, input, callOptions?.signal),
    patch: (run, item, callOptions) =>
      wholeStream(wire, options, ROUTES.patch, { params: { run, item }, ...callOptions }),
    evidence: (run, callOptions) => wholeStream(wire, options, ROUTES.evidence, { params: { run }, ...callOptions }),
    report: (run, callOptions) => wholeStream(wire, options, ROUTES.report, { params: { run }, ...callOptions }),
    cancel: (run, item, callOptions) =>
      item === undefined
        ? ask(ROUTES.cancelRun, { params: { run } }, callOptions)
        : ask(ROUTES.cancelItem, { params: { run, item } }, callOptions),
    pause: (run, callOptions) =>
      run === undefined
        ? ask(ROUTES.pauseService, none, callOptions)
        : ask(ROUTES.pauseRun, { params: { run } }, callOptions),
    unpause: (run, callOptions) =>
      run === undefined
        ? ask(ROUTES.resumeService, none, callOptions)
        : ask(ROUTES.resumeRun, { params: { run } }, callOptions),
    async resume(run, item, token, callOptions) {
      await ask(ROUTES.resumeItem, { params: { run, item }, body: { token } }, callOptions)
    },
    async answer(run, item, token, text, callOptions) {
      await ask(ROUTES.answerItem, { params: { run, item }, body: { token, text } }, callOptions)
    },
    async approve(run, item, token, more = {}, callOptions) {
      await ask(ROUTES.approveItem, { params: { run, item }, body: { ...more, token } }, callOptions)
    },
    async *usage(filter = {}, callOptions) {
      let cursor: string | undefined
      do {
        const page = await ask(ROUTES.usage, { params: {}, query: { ...filter, cursor, limit: 1_000 } }, callOptions)
        yield* page.usage
        cursor = page.cursor
      } while (cursor !== undefined)
    },
    pushAgent: (body, callOptions) => ask(ROUTES.pushAgent, { params: {}, body }, callOptions),
    agents: async (callOptions) => (await ask(ROUTES.agents, none, callOptions)).agents,
    agent: (agent, callOptions) => ask(ROUTES.agent, { params: { agent } }, callOptions),
    removeAgent: (agent, callOptions) => ask(ROUTES.removeAgent, { params: { agent } }, callOptions),
    // It reads the whole log, and lists all that is stored.
    collect: (body = {}, callOptions) => ask(ROUTES.collect, { params: {}, body, silenceMs: 0 }, callOptions),
    holds: async (callOptions) => (await ask(ROUTES.holds, none, callOptions)).holds,
    hold: (run, reason, callOptions) =>
      ask(ROUTES.holdRun, { params: { run }, body: reason === undefined ? {} : { reason } }, callOptions),
    release: (run, callOptions) => ask(ROUTES.releaseRun, { params: { run } }, callOptions),
    // As `collect`.
    removeRun: (run, input = {}, callOptions) =>
      ask(ROUTES.removeRun, { params: { run }, query: input, silenceMs: 0 }, callOptions),
    close: () => wire.close(),
  }
}
