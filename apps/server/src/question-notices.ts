import { askedText } from '@seamark/cli'
import type { Question } from '@seamark/core'
import { SeamError, toSeamError } from '@seamark/kit'
import type { Engine } from '@seamark/orchestrator'
import { spawn } from 'node:child_process'
import type { Questions } from './questions.ts'

/** What a program that tells of questions gets on its standard input, as one line of JSON. */
export interface QuestionNotice {
  readonly type: 'question'
  readonly namespace: string
  readonly run: string
  readonly item: string
  /** Of the wait. A notice that comes again, as after a restart, has the same. */
  readonly token: string
  readonly question: Question
}

export interface QuestionNoticesOptions {
  readonly engine: Pick<Engine, 'ns' | 'onRecords' | 'waiting'>
  readonly ask: Pick<Questions, 'runs' | 'items'>
  /** The program, where the configuration has one. */
  readonly argv: readonly string[] | undefined
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /** Where people are told. */
  readonly say?: (text: string) => void
  readonly onNotice: (error: Error) => void
}

const NOTIFY_MS = 30_000

/**
 * Tells of every question that waits: of those that are open now, and of each new one. The program is run once for each, one
 * after another; where it fails that is a notice, and the question stays open.
 */
export function tellOfQuestions({ engine, ask, argv, env, signal, say, onNotice }: QuestionNoticesOptions): () => void {
  const told = new Set<string>()
  let line = Promise.resolve()

  function tell(run: string, item: string): void {
    const waiting = engine.waiting(run, item)
    if (waiting?.for !== 'parked' || waiting.question === undefined || told.has(waiting.token)) return
    const { question, token } = waiting
    told.add(token)
    say?.(`Run ${run}: ${askedText(question, run, item, token)}`)
    if (argv === undefined) return
    const notice: QuestionNotice = { type: 'question', namespace: engine.ns, run, item, token, question }
    line = line
      .then(() => runProgram(argv, notice, env, signal))
      .catch((error: unknown) => {
        if (!signal.aborted) onNotice(toSeamError(error))
      })
  }

  async function tellOpen(): Promise<void> {
    for await (const { run } of pages((cursor) => ask.runs({ status: 'running', ...page(cursor) }), 'runs'))
      for await (const { item } of pages((cursor) => ask.items(run, { status: 'parked', ...page(cursor) }), 'items'))
        tell(run, item)
  }

  const off = engine.onRecords((records) => {
    for (const { kind, data, run = '', item = '' } of records)
      if (kind === 'item.parked' && data.reason === 'input') tell(run, item)
      else if (kind === 'item.resumed') told.delete(data.token)
  })
  void tellOpen().catch((error: unknown) => {
    if (!signal.aborted) onNotice(toSeamError(error))
  })
  return off
}

function page(cursor: string | undefined): { readonly limit: number; readonly cursor?: string } {
  return { limit: 1_000, ...(cursor !== undefined && { cursor }) }
}

async function* pages<Name extends string, Row>(
  ask: (
    cursor: string | undefined,
  ) => Promise<{ readonly [Key in Name]: readonly Row[] } & { readonly cursor?: string }>,
  name: Name,
): AsyncGenerator<Row> {
  let cursor: string | undefined
  do {
    const answer = await ask(cursor)
    yield* answer[name]
    cursor = answer.cursor
  } while (cursor !== undefined)
}

/** Errors: `UNAVAILABLE` where it can not be started or ends with anything but 0, `TIMEOUT` after 30 s. */
async function runProgram(
  [program = '', ...args]: readonly string[],
  notice: QuestionNotice,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const failed = (how: string) =>
    new SeamError('UNAVAILABLE', `${program}, which tells of questions, ${how}; nobody was told of ${notice.item}.`, {
      remedy: 'Correct `notify` in the configuration.',
    })
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'ignore'], signal })
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new SeamError('TIMEOUT', `${program}, which tells of questions, took more than ${NOTIFY_MS / 1000} s.`))
    }, NOTIFY_MS)
    const settle = (error?: Error): void => {
      clearTimeout(timer)
      if (error === undefined) resolve()
      else reject(error)
    }
    child.once('error', (error) => settle(failed(`can not be started: ${error.message}`)))
    child.once('exit', (code, ended) => settle(code === 0 ? undefined : failed(`ended with ${code ?? ended}`)))
    // One that does not read what it is told is judged by how it ends.
    child.stdin.on('error', () => undefined)
    child.stdin.end(`${JSON.stringify(notice)}\n`)
  })
}
