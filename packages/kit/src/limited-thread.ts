import type { CallOptions } from '@seamark/core'
import { Worker } from 'node:worker_threads'
import { orAbort, throwIfAborted } from './abort.ts'
import { SeamError, systemCode, toSeamError } from './errors.ts'

export interface LimitedThreadOptions {
  /** `import.meta.url` of the module that starts it. */
  readonly beside: string
  /** The thread's file beside that module, without its extension: `.ts` in a source, `.js` in a built package. */
  readonly file: string
  /** MiB of memory that it may take. */
  readonly heapMiB: number
  /** What it does, as errors say it: `Reading the file`. */
  readonly doing: string
}

/** A thread that answers each message with one of its own. */
export interface LimitedThread<Question, Answer> {
  /**
   * Gives it a message, which is copied, and waits for its answer. One at a time. After an error it can only be ended.
   *
   * Errors: `LIMIT_EXCEEDED` where it takes too much memory, `TIMEOUT`, `ABORTED`, `INTERNAL` for a defect.
   */
  ask(question: Question, options: CallOptions & { readonly timeoutMs: number }): Promise<Answer>
  /** Whatever it does, it has ended when this resolves. Idempotent. */
  end(): Promise<void>
}

/** Starts a thread for what is hostile: neither what never ends nor what takes all memory stops the caller. It gets no environment. */
export function limitedThread<Question, Answer>({
  beside,
  file,
  heapMiB,
  doing,
}: LimitedThreadOptions): LimitedThread<Question, Answer> {
  const fromSource = beside.endsWith('.ts')
  const thread = new Worker(new URL(`./${file}.${fromSource ? 'ts' : 'js'}`, beside), {
    // What is young becomes old at once: beyond its limit a thread has but 16 MiB to end in, and takes the process with it after that.
    resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: 8, stackSizeMb: 4 },
    env: {},
    stdin: false,
    ...(fromSource && { execArgv: ['--conditions=source', '--no-warnings'] }),
  })
  let ended: SeamError | undefined
  let asked: PromiseWithResolvers<Answer> | undefined
  const fail = (error: SeamError): void => {
    ended ??= error
    asked?.reject(ended)
  }
  thread
    .on('message', (answer: Answer) => asked?.resolve(answer))
    .on('error', (error) =>
      fail(
        systemCode(error) === 'ERR_WORKER_OUT_OF_MEMORY'
          ? new SeamError('LIMIT_EXCEEDED', `${doing} took more than ${heapMiB} MiB.`)
          : toSeamError(error),
      ),
    )
    .on('exit', () => fail(new SeamError('INTERNAL', `${doing}: its thread ended without an answer.`)))

  return {
    async ask(question, { timeoutMs, signal }) {
      throwIfAborted(signal)
      if (ended !== undefined) throw ended
      const mine = Promise.withResolvers<Answer>()
      asked = mine
      const late = new SeamError('TIMEOUT', `${doing} took longer than ${timeoutMs} ms.`)
      const timer = setTimeout(() => mine.reject(late), timeoutMs)
      thread.postMessage(question)
      try {
        return await orAbort(mine.promise, signal)
      } finally {
        clearTimeout(timer)
      }
    },
    async end() {
      await thread.terminate()
    },
  }
}
