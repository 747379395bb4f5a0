import type { DrivenEvent, Exit, Json, RuntimeAccess, RuntimeAdapter, RuntimeTask } from '@seamark/core'
import type { Subject } from './suite.ts'

/** A program's life as a runtime sees it, recorded. */
export interface RuntimeScript {
  readonly task: RuntimeTask
  readonly stdout: Uint8Array
  readonly stderr?: Uint8Array
  /** How a program that did its work ends. */
  readonly exit: Exit
}

/** A runtime under test. Without a script, one with a command and lines of text is used. */
export interface RuntimeSubject extends Subject<RuntimeAdapter> {
  readonly script?: RuntimeScript
}

const task: RuntimeTask = {
  run: 'conformance',
  item: 'item',
  attempt: 1,
  command: 'true',
  workspaceDir: '/workspace',
  env: {},
}

const text = [
  'first line',
  '',
  'two\r',
  '漢字と絵文字 🧭 in the middle of a line',
  `long ${'é'.repeat(3_000)}`,
  '{"json":"on a line"}',
  '\u001b[31mred\u001b[0m',
  'the last line has no newline',
].join('\n')

export function scriptOf(subject: Subject<RuntimeAdapter>): RuntimeScript {
  return hasScript(subject)
    ? subject.script
    : {
        task,
        stdout: new TextEncoder().encode(text),
        exit: { code: 0, reason: 'exited', startedAt: 1_000, endedAt: 2_000, outputBytes: Buffer.byteLength(text) },
      }
}

function hasScript(subject: Subject<RuntimeAdapter>): subject is RuntimeSubject & { readonly script: RuntimeScript } {
  return 'script' in subject && subject.script !== undefined
}

/** Access to a program that follows a script, its output cut into chunks of `chunkBytes`. */
export function accessTo(script: RuntimeScript, chunkBytes = 65_536, exit?: Promise<Exit>): RuntimeAccess {
  return {
    async *output(stream, fromByte) {
      const bytes = (stream === 'stdout' ? script.stdout : script.stderr) ?? new Uint8Array()
      for (let at = fromByte; at < bytes.byteLength; at += chunkBytes) yield bytes.slice(at, at + chunkBytes)
    },
    write: async () => undefined,
    exit: exit ?? Promise.resolve(script.exit),
  }
}

export async function drive(
  seam: RuntimeAdapter,
  script: RuntimeScript,
  access: RuntimeAccess = accessTo(script),
  state?: Json,
  signal?: AbortSignal,
): Promise<readonly DrivenEvent[]> {
  const out: DrivenEvent[] = []
  for await (const driven of seam.drive(access, script.task, state, signal === undefined ? {} : { signal }))
    out.push(driven)
  return out
}
