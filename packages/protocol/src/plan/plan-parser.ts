import type { CallOptions, ErrorCode, ItemSpec } from '@seamark/core'
import { orAbort, SeamError, systemCode, toSeamError } from '@seamark/kit'
import { Worker } from 'node:worker_threads'
import type { CheckedPlan, ParsePlanOptions, PlanResult, RefusedPlan } from './parse.ts'

export interface PlanParserOptions {
  /** Wall-clock limit of one plan. Default 60,000. */
  readonly timeoutMs?: number
  /** Limit of the parser's heap, in MiB. Default 1,024. */
  readonly maxHeapMiB?: number
  /** How long the thread is kept for the next plan. Default 30,000. */
  readonly idleMs?: number
}

export type ParseOptions = ParsePlanOptions & CallOptions

/** Parses plans one after another in a thread that is kept warm between them. */
export interface PlanParser {
  /**
   * `parsePlan` with limits on time and memory: a hostile plan stops neither the caller nor anything
   * else. Over the limits the result is `TIMEOUT` or `LIMIT_EXCEEDED`.
   *
   * Throws `ABORTED` on request, `UNAVAILABLE` after `close`, `INTERNAL` for a defect of the parser.
   */
  parse(plan: string | Uint8Array, options: ParseOptions): Promise<PlanResult>
  /** Ends the thread. Idempotent. */
  close(): Promise<void>
}

/** What the thread is given. It is copied. */
export interface ParseTask extends ParsePlanOptions {
  readonly plan: string | Uint8Array
}

/** What the thread answers: the result without its items, and the items in chunks before it. */
export type ParseMessage =
  | { readonly type: 'items'; readonly items: readonly ItemSpec[] }
  | { readonly type: 'checked'; readonly plan: Omit<CheckedPlan, 'items'> }
  | { readonly type: 'refused'; readonly result: RefusedPlan }

// A thread that has held a larger plan is not kept: its heap would be.
const KEPT_BYTES = 1_048_576

// The source and the built package have the thread's file beside this one, under its own extension.
const here = import.meta.url
const fromSource = here.endsWith('.ts')
const threadFile = new URL(fromSource ? './isolated-thread.ts' : './isolated-thread.js', here)

export function planParser(options: PlanParserOptions = {}): PlanParser {
  const { timeoutMs = 60_000, maxHeapMiB = 1_024, idleMs = 30_000 } = options
  let kept: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  let turn: Promise<unknown> = Promise.resolve()
  let closed = false

  function start(): Worker {
    const thread = new Worker(threadFile, {
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
      env: {},
      stdin: false,
      ...(fromSource && { execArgv: ['--conditions=source', '--no-warnings'] }),
    })
    // It ends with whoever uses it.
    thread.unref()
    return thread
  }

  async function drop(): Promise<void> {
    clearTimeout(idle)
    const thread = kept
    kept = undefined
    await thread?.terminate()
  }

  function keep(): void {
    clearTimeout(idle)
    idle = setTimeout(() => void drop(), idleMs)
    idle.unref()
  }

  function ask(thread: Worker, task: ParseTask, signal: AbortSignal | undefined): Promise<PlanResult> {
    const items: ItemSpec[] = []
    const { promise, resolve, reject } = Promise.withResolvers<PlanResult>()
    const timer = setTimeout(
      () => resolve(refused('TIMEOUT', `Checking the plan took longer than ${timeoutMs} ms.`)),
      timeoutMs,
    )
    const onMessage = (message: ParseMessage): void => {
      if (message.type === 'items') for (const item of message.items) items.push(item)
      else if (message.type === 'refused') resolve(message.result)
      else resolve({ ok: true, plan: { ...message.plan, items } })
    }
    const onError = (error: unknown): void => {
      if (systemCode(error) === 'ERR_WORKER_OUT_OF_MEMORY')
        resolve(refused('LIMIT_EXCEEDED', `Checking the plan took more than ${maxHeapMiB} MiB.`))
      else reject(toSeamError(error))
    }
    const onExit = (): void =>
      reject(new SeamError('INTERNAL', 'The thread that checks plans ended without an answer.'))
    thread.on('message', onMessage).on('error', onError).on('exit', onExit)
    thread.postMessage(task)
    return orAbort(promise, signal).finally(() => {
      clearTimeout(timer)
      thread.off('message', onMessage).off('error', onError).off('exit', onExit)
    })
  }

  async function parse(plan: string | Uint8Array, { signal, ...given }: ParseOptions): Promise<PlanResult> {
    if (closed) throw new SeamError('UNAVAILABLE', 'The plan parser is closed.')
    clearTimeout(idle)
    const thread = (kept ??= start())
    let whole = false
    try {
      const result = await ask(thread, { plan, ...given }, signal)
      whole = result.ok || result.problems.every(({ code }) => code !== 'TIMEOUT' && code !== 'LIMIT_EXCEEDED')
      return result
    } finally {
      // Whatever did not end as usual may still be at work.
      if (whole && plan.length <= KEPT_BYTES && idleMs > 0) keep()
      else await drop()
    }
  }

  return {
    parse(plan, parseOptions) {
      const mine = turn.then(() => parse(plan, parseOptions))
      // Who asked is told by `mine`; whoever is next only waits for the end.
      turn = mine.catch(() => undefined)
      return orAbort(mine, parseOptions.signal)
    },
    async close() {
      closed = true
      await drop()
    },
  }
}

function refused(code: ErrorCode, message: string): RefusedPlan {
  return {
    ok: false,
    problems: [{ code, message, remedy: 'Make it smaller.', place: { pointer: '', line: 1, column: 1 } }],
  }
}
