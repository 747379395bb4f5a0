import type { CallOptions, ErrorCode, ItemSpec } from '@seamark/core'
import { SeamError, systemCode, throwIfAborted, toSeamError } from '@seamark/kit'
import { Worker } from 'node:worker_threads'
import type { PlanFormat } from '../wire/submit.ts'
import type { PlanDeployment } from './deployment.ts'
import type { CheckedPlan, PlanResult, RefusedPlan } from './parse.ts'

export interface IsolatedParseOptions extends CallOptions {
  readonly format?: PlanFormat
  readonly deployment: PlanDeployment
  /** Wall-clock limit. Default 60,000. */
  readonly timeoutMs?: number
  /** Limit of the parser's heap, in MiB. Default 1,024. */
  readonly maxHeapMiB?: number
}

/** What the thread is given. It is copied. */
export interface ParseTask {
  readonly plan: string | Uint8Array
  readonly format?: PlanFormat
  readonly deployment: PlanDeployment
}

/** What the thread answers: the result without its items, and the items in chunks before it. */
export type ParseMessage =
  | { readonly type: 'items'; readonly items: readonly ItemSpec[] }
  | { readonly type: 'checked'; readonly plan: Omit<CheckedPlan, 'items'> }
  | { readonly type: 'refused'; readonly result: RefusedPlan }

function refused(code: ErrorCode, message: string, remedy: string): RefusedPlan {
  return { ok: false, problems: [{ code, message, remedy, place: { pointer: '', line: 1, column: 1 } }] }
}

// The source and the built package have the thread's file beside this one, under its own extension.
const here = import.meta.url
const fromSource = here.endsWith('.ts')
const threadFile = new URL(fromSource ? './isolated-thread.ts' : './isolated-thread.js', here)

/**
 * `parsePlan` in a thread of its own with limits on time and memory: a hostile plan stops neither
 * the caller nor anything else. Over the limits the result is `TIMEOUT` or `LIMIT_EXCEEDED`.
 *
 * Throws `ABORTED` on request, and `INTERNAL` for a defect of the parser.
 */
export async function parsePlanIsolated(plan: string | Uint8Array, options: IsolatedParseOptions): Promise<PlanResult> {
  const { format, deployment, signal, timeoutMs = 60_000, maxHeapMiB = 1_024 } = options
  throwIfAborted(signal)
  const task: ParseTask = { plan, deployment, ...(format !== undefined && { format }) }
  const thread = new Worker(threadFile, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
    env: {},
    stdin: false,
    ...(fromSource && { execArgv: ['--conditions=source', '--no-warnings'] }),
  })
  const items: ItemSpec[] = []
  let timer: NodeJS.Timeout | undefined
  let onAbort: () => void = () => undefined
  try {
    return await new Promise<PlanResult>((resolve, reject) => {
      onAbort = () => reject(new SeamError('ABORTED', 'Stopped on request.', { cause: signal?.reason }))
      signal?.addEventListener('abort', onAbort, { once: true })
      timer = setTimeout(
        () => resolve(refused('TIMEOUT', `Checking the plan took longer than ${timeoutMs} ms.`, 'Make it smaller.')),
        timeoutMs,
      )
      thread.on('message', (message: ParseMessage) => {
        if (message.type === 'items') for (const item of message.items) items.push(item)
        else if (message.type === 'refused') resolve(message.result)
        else resolve({ ok: true, plan: { ...message.plan, items } })
      })
      thread.on('error', (error) => {
        if (systemCode(error) === 'ERR_WORKER_OUT_OF_MEMORY')
          resolve(refused('LIMIT_EXCEEDED', `Checking the plan took more than ${maxHeapMiB} MiB.`, 'Make it smaller.'))
        else reject(toSeamError(error))
      })
      thread.on('exit', () =>
        reject(new SeamError('INTERNAL', 'The thread that checks plans ended without an answer.')),
      )
    })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    await thread.terminate()
  }
}
