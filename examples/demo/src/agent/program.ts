import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { SeamError } from '@seamark/kit'
import type { Part } from '@seamark/testing-model'

/** The agent's program: our own small one, or Claude Code where it is installed. */
export interface Program {
  readonly runtime: 'small' | 'claude-code'
  /** What is said of it. */
  readonly title: string
  /** Of a program outside the repository: its file on this machine. */
  readonly file?: string
  /** How a model calls for a file, for a whole new text of one, and for a line. */
  readonly read: (path: string) => Part
  readonly write: (path: string, content: string) => Part
  readonly run: (line: string) => Part
}

/** `examples/acp-agent`, which is copied into the repository. */
export const small: Program = {
  runtime: 'small',
  title: 'examples/acp-agent',
  read: (path) => ({ tool: 'read_file', input: { path } }),
  write: (path, content) => ({ tool: 'write_file', input: { path, content } }),
  run: (command) => ({ tool: 'run', input: { command } }),
}

/** What `--agent` names. Errors: `INVALID_INPUT` for another name, those of `claudeCode`. */
export function programNamed(name: string, env: Readonly<Record<string, string | undefined>>): Program {
  if (name === 'claude-code') return claudeCode(env)
  throw new SeamError('INVALID_INPUT', `There is no demo of the agent ${JSON.stringify(name)}.`, {
    remedy: 'Say --agent claude-code, or nothing for the small agent with a scripted model.',
  })
}

/** Claude Code from the path. Errors: `NOT_FOUND` with what is missing, the program, a key or both. */
export function claudeCode(env: Readonly<Record<string, string | undefined>>): Program {
  const file = findProgram('claude', env['PATH'] ?? '')
  const missing = [
    ...(file === undefined ? ['no program claude on the PATH'] : []),
    ...(env['ANTHROPIC_API_KEY'] ? [] : ['no key in ANTHROPIC_API_KEY']),
  ]
  if (file === undefined || missing.length > 0)
    throw new SeamError('NOT_FOUND', `Claude Code can not be driven here: there is ${missing.join(' and ')}.`, {
      remedy: [
        ...(file === undefined ? ['npm install --global @anthropic-ai/claude-code@2.1.330'] : []),
        ...(env['ANTHROPIC_API_KEY'] ? [] : ['export ANTHROPIC_API_KEY, which the gateway uses and no sandbox sees']),
      ].join('; '),
    })
  return {
    runtime: 'claude-code',
    title: 'Claude Code',
    file,
    read: (path) => ({ tool: 'Read', input: { file_path: `/workspace/${path}` } }),
    write: (path, content) => ({ tool: 'Write', input: { file_path: `/workspace/${path}`, content } }),
    run: (command) => ({ tool: 'Bash', input: { command, description: 'a line' } }),
  }
}

function findProgram(name: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return realpathSync(file)
    } catch {
      continue
    }
  }
  return undefined
}
