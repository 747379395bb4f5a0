import type { BlobRef, CallOptions, JsonObject, OutputSpec, OutputSummary, StepVerdict } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { hasCode, systemCode } from '@seamark/kit'
import type { Match } from '@seamark/output-schema'
import { matchOutput, OUTPUT_SCHEMA_LIMITS } from '@seamark/output-schema'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { lookBelow, whatIsAt } from './contained.ts'
import { failure } from './judge.ts'
import { kindTap } from './kinds/kind-tap.ts'
import { withoutSecrets } from './look-for-secrets.ts'
import type { NamespaceTools } from './namespace-tools.ts'
import { bytePath } from './path-bytes.ts'
import { overLimit, overOwnLimit } from './run-git.ts'
import type { Turns } from './turns.ts'

export interface OutputTools {
  readonly tools: Pick<NamespaceTools, 'blobs' | 'git' | 'matching'>
  readonly secrets: RedactionTable
  /** What is left of the time for outputs with a kind. */
  readonly readTime: { leftMs: number }
  /** What is left of the time for schemas. Absent: no output is held to its own. */
  readonly time?: { leftMs: number } | undefined
}

/** A declared output as it was found. */
export interface FoundOutput {
  /** Absent where it is not there, or no file. */
  readonly blob?: BlobRef
  /** What it says, where it has a kind. */
  readonly summary?: OutputSummary
  /** Why the attempt did not succeed, where it did not. */
  readonly wrong?: StepVerdict
}

/**
 * Stores a declared output, and holds what was stored to its schema, or sums it up by its kind. Errors: `LIMIT_EXCEEDED`, `TIMEOUT`, and what
 * `isSecretFound` knows.
 */
export async function captureOutput(
  workspace: string,
  { path, schema, kind }: OutputSpec,
  { tools, secrets, readTime, time }: OutputTools,
  options?: CallOptions,
): Promise<FoundOutput> {
  const found = await lookBelow(workspace, path)
  // A link or a folder is not the file that was promised.
  if (found?.isFile() !== true) return { wrong: failure('output-missing', await whatIsAt(workspace, path)) }
  const max = tools.git.limits.maxOutputBytes
  if (found.size > max) throw overLimit('bytes of a declared output', max, path)
  let file
  try {
    file = await open(join(workspace, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (systemCode(error) === 'ELOOP' || systemCode(error) === 'ENOENT')
      return { wrong: failure('output-missing', await whatIsAt(workspace, path)) }
    throw error
  }
  const bytes = file.createReadStream()
  try {
    const content = withoutSecrets(bytes, bytePath(path), secrets)
    if (kind !== undefined) {
      const tap = kindTap(kind, { time: readTime, secrets, ...options })
      const storing = await tools.matching(async () => {
        const whole = tools.blobs.store(tap.through(content), options)
        // Storing goes on without the turn: how long it takes is up to the storage.
        await Promise.race([tap.ended, whole])
        return { whole }
      }, options?.signal)
      const stored = await storing.whole
      const { summary, because } = tap.read()
      if (because === undefined || !('unreadable' in summary)) return { blob: stored, summary }
      const detail = `${path} ${summary.unreadable}`
      return { blob: stored, summary, wrong: failure(because === 'limit' ? 'limit' : 'output-invalid', detail) }
    }
    if (schema === undefined || time === undefined) return { blob: await tools.blobs.store(content, options) }
    const document: Uint8Array[] = []
    const blob = await tools.blobs.store(copied(content, document, path), options)
    const wrong = await mismatch(schema, Buffer.concat(document), path, { ...options, time, turn: tools.matching })
    return { blob, ...(wrong !== undefined && { wrong: failure('output-invalid', wrong) }) }
  } finally {
    // Who stops waiting for a turn has read nothing of it.
    bytes.destroy()
  }
}

/** The stream as it is, with a copy of it. Errors: `LIMIT_EXCEEDED` past what is held to a schema. */
async function* copied(
  content: AsyncIterable<Uint8Array>,
  copy: Uint8Array[],
  path: string,
): AsyncGenerator<Uint8Array> {
  const max = OUTPUT_SCHEMA_LIMITS.documentBytes
  let size = 0
  for await (const piece of content) {
    size += piece.byteLength
    if (size > max) throw overLimit('bytes of an output with a schema', max, path)
    copy.push(Uint8Array.from(piece))
    yield piece
  }
}

/** What is wrong with a document, without anything of its values. */
async function mismatch(
  schema: JsonObject,
  document: Uint8Array,
  path: string,
  { time, turn, signal }: CallOptions & { readonly time: { leftMs: number }; readonly turn: Turns },
): Promise<string | undefined> {
  const held = async (): Promise<Match> => {
    // Waiting for others is not its own time.
    const began = performance.now()
    try {
      return await matchOutput(schema, document, { timeoutMs: time.leftMs, ...(signal && { signal }) })
    } finally {
      time.leftMs -= Math.min(time.leftMs, performance.now() - began)
    }
  }
  let result: Match
  try {
    result = await turn(held, signal)
  } catch (error) {
    if (!hasCode(error, 'LIMIT_EXCEEDED')) throw error
    throw overOwnLimit(`${path}: ${error.message}`, error.problems[0]?.remedy)
  }
  if (result.matches) return undefined
  switch (result.why) {
    case 'json':
      return `${path} is no JSON`
    case 'unchecked':
      return `${path} can not be checked: it is nested too deeply for its schema, or a regular expression of its schema is too large`
    case 'schema':
      return `${path}: ${result.keyword} of its schema does not hold at ${result.place === '' ? 'the whole document' : result.place}`
  }
}
