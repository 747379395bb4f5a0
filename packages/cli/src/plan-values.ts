import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fromSystemError, SeamError } from '@seamark/kit'
import { variableValues } from '@seamark/protocol/wire'
import type { VariableValues } from '@seamark/protocol/wire'
import { parse } from 'yaml'

/** Options of commands that take a plan. */
export const VARIABLE_ARGS = {
  var: {
    type: 'string',
    valueHint: 'NAME=VALUE',
    description: 'Value of a variable of the plan; once for each',
  },
  'var-file': {
    type: 'string',
    valueHint: 'FILE',
    description: 'YAML or JSON with values of variables; --var goes before it',
  },
} as const

const maxBytes = 1024 * 1024
// What it may hold is checked before; here only every --var is wanted, where the parser of options keeps the last.
const options = { var: { type: 'string', multiple: true } } as const

/** The values that a command line gives. Errors: `INVALID_INPUT`, `NOT_FOUND`, `FORBIDDEN`, `LIMIT_EXCEEDED`. */
export async function variablesGiven(
  cwd: string,
  { 'var-file': file }: { readonly 'var-file'?: string | undefined },
  given: readonly string[],
): Promise<VariableValues> {
  const found = new Map(file === undefined ? [] : Object.entries(await readValues(cwd, file)))
  const told = new Set<string>()
  const { values } = parseArgs({ args: [...given], options, strict: false, allowPositionals: true })
  for (const text of values.var ?? []) {
    if (typeof text !== 'string') continue
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
    // What it says is not repeated: it may have been meant for something else.
    if (name === '')
      throw new SeamError('INVALID_INPUT', 'A --var names no variable.', { remedy: 'Write --var NAME=VALUE.' })
    if (told.has(name))
      throw new SeamError('INVALID_INPUT', `There are two --var of ${JSON.stringify(name.slice(0, 80))}.`, {
        remedy: 'Leave one out.',
      })
    told.add(name)
    found.set(name, value)
  }
  return Object.fromEntries(found)
}

async function readValues(cwd: string, name: string): Promise<VariableValues> {
  const text = await readText(resolve(cwd, name), name)
  const refuse = (message: string, cause?: unknown) =>
    new SeamError('INVALID_INPUT', message, {
      remedy: 'Write a map of names and values: texts, numbers, true or false.',
      ...(cause !== undefined && { cause }),
    })
  let read: unknown
  try {
    read = parse(text, { schema: 'core', maxAliasCount: 0, logLevel: 'silent' })
  } catch (error) {
    // Its own words would show what the file holds.
    throw refuse(`${name} is neither YAML nor JSON.`, error)
  }
  const parsed = variableValues.safeParse(read)
  if (parsed.success) return parsed.data
  const [at] = parsed.error.issues[0]?.path ?? []
  throw refuse(
    at === undefined ? `${name} holds no map.` : `${JSON.stringify(String(at).slice(0, 80))} in ${name} is no value.`,
  )
}

async function readText(path: string, name: string): Promise<string> {
  try {
    await using handle = await open(path, 'r')
    const stat = await handle.stat()
    if (stat.isDirectory()) throw new SeamError('INVALID_INPUT', `${name} is a folder.`, { remedy: 'Name a file.' })
    const buffer = Buffer.alloc(maxBytes + 1)
    let size = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, size, buffer.length - size)
      if (bytesRead === 0) break
      size += bytesRead
      if (size > maxBytes) throw new SeamError('LIMIT_EXCEEDED', `${name} is larger than ${maxBytes} bytes.`)
    }
    return buffer.toString('utf8', 0, size)
  } catch (error) {
    throw fromSystemError(error, `Reading the values ${name}`)
  }
}
