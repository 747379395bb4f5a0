import { spawn } from 'node:child_process'

export interface StepResult {
  readonly ok: boolean
  /** What it printed, on both streams. */
  readonly output: string
}

/** Runs a program with nothing on its input and collects what it prints. */
export function runProgram(argv: readonly string[], cwd: string = process.cwd()): Promise<StepResult> {
  const [program = '', ...rest] = argv
  const { promise, resolve } = Promise.withResolvers<StepResult>()
  const child = spawn(program, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.on('error', (error) => resolve({ ok: false, output: `${program}: ${error.message}` }))
  child.on('close', (code) => resolve({ ok: code === 0, output }))
  return promise
}

/** Calls `work` on each element, at most `width` at a time, and gives the answers in order. */
export async function eachOf<A, B>(
  list: readonly A[],
  width: number,
  work: (element: A) => Promise<B>,
): Promise<readonly B[]> {
  const answers: B[] = []
  const queue = list.entries()
  const lane = async (): Promise<void> => {
    for (const [index, element] of queue) answers[index] = await work(element)
  }
  await Promise.all(Array.from({ length: width }, lane))
  return answers
}
