import type { CallOptions, RuntimeLaunch, ServiceSpec, WorkspaceDiff } from '@seamark/core'
import type { FoundSecret, RedactionTable } from '@seamark/kit'
import { findSecret, redactBytes, SeamError, secretFinder } from '@seamark/kit'
import { constants } from 'node:fs'
import { lstat, open, readlink } from 'node:fs/promises'
import type { BytePath } from './path-bytes.ts'
import { below, bytesOf, pathOfChange, shown } from './path-bytes.ts'
import type { EntryCounter } from './walk.ts'
import { walkTree } from './walk.ts'

const found = Symbol('a secret was found')

/** The refusal of something that holds a secret. It has the secret's name and place, and nothing of its value. */
function refusal({ name, line }: FoundSecret, where: string): SeamError {
  const error = new SeamError('FORBIDDEN', `The value of the secret ${name} is in ${where}, line ${line}.`, {
    remedy: `Have ${name} issued anew: what could be written could be read.`,
  })
  return Object.assign(error, { [found]: true })
}

export function isSecretFound(error: unknown): error is SeamError {
  return typeof error === 'object' && error !== null && found in error
}

/** A path as it may be told: a name can be a secret too. */
function told(path: BytePath, table: RedactionTable): string {
  return shown(Buffer.from(redactBytes(bytesOf(path), table)).toString('latin1'))
}

/** The stream as it is, up to the first secret in it. Errors: what `isSecretFound` knows, before the last piece is given. */
export async function* withoutSecrets(
  body: AsyncIterable<Uint8Array>,
  path: BytePath,
  table: RedactionTable,
): AsyncGenerator<Uint8Array> {
  const finder = secretFinder(table)
  for await (const piece of body) {
    const secret = finder.push(piece)
    if (secret !== undefined) throw refusal(secret, told(path, table))
    yield piece
  }
  const secret = finder.end()
  if (secret !== undefined) throw refusal(secret, told(path, table))
}

function lookAtName(path: BytePath, table: RedactionTable): void {
  const inName = findSecret(bytesOf(path), table)
  if (inName !== undefined) throw refusal({ ...inName, line: 1 }, `the name ${told(path, table)}`)
}

/** Looks at the name, the target and the content of one file. Errors: what `isSecretFound` knows. */
async function lookAt(dir: string, path: BytePath, table: RedactionTable, options?: CallOptions): Promise<void> {
  lookAtName(path, table)
  const stat = await lstat(below(dir, path))
  if (stat.isSymbolicLink()) {
    const inTarget = findSecret(await readlink(below(dir, path), { encoding: 'buffer' }), table)
    if (inTarget !== undefined) throw refusal(inTarget, `the target of ${told(path, table)}`)
  }
  if (!stat.isFile()) return
  const file = await open(below(dir, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const content = file.createReadStream(options?.signal && { signal: options.signal })
  for await (const _ of withoutSecrets(content, path, table));
}

/**
 * Looks for secrets in what a patch would carry: the names and contents of changed files, read from the workspace since
 * git compresses what is no text, and the lines that the patch takes away. Errors: what `isSecretFound` knows.
 */
export async function lookThroughPatch(
  dir: string,
  { files, patch }: WorkspaceDiff,
  table: RedactionTable,
  options?: CallOptions,
): Promise<void> {
  if (table.window === 0) return
  for (const file of files) {
    const path = pathOfChange(file)
    if (file.change === 'deleted') lookAtName(path, table)
    else await lookAt(dir, path, table, options)
  }
  const secret = findSecret(patch, table)
  if (secret !== undefined) throw refusal(secret, 'the patch, as the base has it')
}

/**
 * Looks for secrets in the environment and the files that a program is to be given: what is added to its requests is not for it.
 * Errors: `FORBIDDEN`.
 */
export function lookThroughLaunch({ env, files }: Pick<RuntimeLaunch, 'env' | 'files'>, table: RedactionTable): void {
  for (const [name, value] of Object.entries(env)) lookThroughGiven(value, `the variable ${name}`, table)
  for (const { path, bytes } of files) lookThroughGiven(bytes, `the file ${path}`, table)
}

/** The same for the variables and the commands of a service, which are in the sandbox too. Errors: `FORBIDDEN`. */
export function lookThroughService({ name, run, ready, env }: ServiceSpec, table: RedactionTable): void {
  for (const [variable, value] of Object.entries(env))
    lookThroughGiven(value, `the variable ${variable} of the service ${name}`, table)
  lookThroughGiven(run ?? '', `the command of the service ${name}`, table)
  lookThroughGiven(ready.run, `the ready command of the service ${name}`, table)
}

function lookThroughGiven(given: string | Uint8Array, where: string, table: RedactionTable): void {
  const secret = findSecret(typeof given === 'string' ? Buffer.from(given) : given, table)
  if (secret === undefined) return
  throw new SeamError(
    'FORBIDDEN',
    `The value of the secret ${secret.name} is in ${where}, which the program would get.`,
    {
      remedy: 'Take it out of the plan and of the options of the runtime: the gateway adds it to what is sent.',
    },
  )
}

/** Looks through all of a workspace. Errors: what `isSecretFound` knows. */
export async function lookThroughTree(
  dir: string,
  table: RedactionTable,
  {
    exclude,
    counter,
    signal,
  }: CallOptions & { readonly exclude: ReadonlySet<BytePath>; readonly counter: EntryCounter },
): Promise<void> {
  const options = signal && { signal }
  for await (const { path } of walkTree(dir, exclude, counter, options)) await lookAt(dir, path, table, options)
}
