import { fork, type ChildProcess } from 'node:child_process'
import type { Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { SeamError } from '@seamark/kit'
import { channel, type Channel, type Handlers } from './channel.ts'
import type { ProcessOptions } from './process-options.ts'
import { tellLines } from './said.ts'

// In the sources this file is run as it is, and so is the process's.
const inSource = import.meta.url.endsWith('.ts')
const program = fileURLToPath(new URL(inSource ? './program.ts' : './program.js', import.meta.url))

/** A gateway in a process of its own. */
export interface GatewayProcess {
  readonly ask: (method: string, value: unknown, handle?: Server) => Promise<unknown>
  /** How it ended, in a word. Never rejects. */
  readonly ended: Promise<string>
  readonly end: () => void
}

function start(
  handlers: Handlers,
  onNotice: (error: Error) => void,
  cwd: string,
): { readonly child: ChildProcess; readonly speak: Channel } {
  const child = fork(program, [], {
    cwd,
    env: {},
    execArgv: ['--disable-warning=ExperimentalWarning', ...(inSource ? ['--conditions=source'] : [])],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const said = (line: string): void => onNotice(new SeamError('INTERNAL', `The gateway's process says: ${line}`))
  if (child.stderr !== null) tellLines(child.stderr, said, () => said('more, which is left out'))
  const speak = channel(
    {
      send: (message, handle, done) => child.send(message, handle, done),
      on: (event, listener) => child.on(event, listener),
    },
    handlers,
    (error) => {
      onNotice(error)
      child.kill('SIGKILL')
    },
  )
  return { child, speak }
}

/**
 * Starts one. What it writes to its standard error is told as notices, as is what it says that nobody understands, which ends it.
 * It works in `folder`. Errors: those of `folder`; what `egressGateway` says to the options; `UNAVAILABLE` where it can not be started.
 */
export async function gatewayProcess(
  options: ProcessOptions,
  handlers: Handlers,
  onNotice: (error: Error) => void,
  folder: Promise<string> = Promise.resolve('/'),
): Promise<GatewayProcess> {
  const { child, speak } = start(handlers, onNotice, await folder)
  const ended = new Promise<string>((resolve) => {
    const over = (how: string): void => {
      speak.end()
      resolve(how)
    }
    child.on('error', () => over('it can not be started'))
    child.on('exit', (code, signal) => over(signal ?? `code ${code}`))
  })
  const end = (): void => void child.kill('SIGKILL')
  try {
    await speak.ask('start', options)
  } catch (error) {
    end()
    await ended
    throw error
  }
  return { ask: speak.ask, ended, end }
}
