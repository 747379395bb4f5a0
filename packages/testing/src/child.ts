import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** A process of its own, with the lines that it prints. */
export interface Child {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly lines: readonly string[]
  /** The next line that begins with this. */
  line(prefix: string): Promise<string>
  send(line: string): void
  /** Ends it without notice, and waits until it is gone. */
  kill(): Promise<void>
}

/** Starts Node with these arguments. */
export function startChild(...argv: readonly string[]): Child {
  const started = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  createInterface(started.stdout).on('line', (line) => {
    lines.push(line)
    waiting.forEach((look) => look())
  })
  const gone = new Promise<void>((resolve) => started.once('close', () => resolve()))
  return {
    process: started,
    lines,
    line: (prefix) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find((line) => line.startsWith(prefix))
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        void gone.then(() => reject(new Error(`${argv.join(' ')} ended without a line ${prefix}`)))
        look()
      }),
    send: (line) => started.stdin.write(`${line}\n`),
    async kill() {
      started.kill('SIGKILL')
      await gone
    },
  }
}
