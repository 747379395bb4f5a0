import type { AgentEvent, AttemptPort, BlobRef, CallOptions, KeptConversation, StepTask } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { redactText } from '@seamark/kit'
import { readFile } from 'node:fs/promises'
import type { AttemptLayout } from './layout.ts'
import { withoutSecrets } from './look-for-secrets.ts'
import type { NamespaceTools } from './namespace-tools.ts'
import type { BytePath } from './path-bytes.ts'
import { bytePath } from './path-bytes.ts'
import { untar } from './tar-reader.ts'
import { tarOf } from './tar-writer.ts'
import type { EntryCounter } from './walk.ts'
import { entryCounter, listFolder, walkTree } from './walk.ts'

/** What a program calls something, such as its conversation or a tool, as records and later launches have it. */
export function toldName(name: string, secrets: RedactionTable | undefined): string {
  const told = secrets === undefined ? name : redactText(name, secrets)
  return told.slice(0, 200).toWellFormed() || 'unknown'
}

/** Makes the begin of a conversation a record of the attempt. Errors: those of `AttemptPort.note`. */
export async function noteConversation(
  port: AttemptPort | undefined,
  { id, resumed, program }: AgentEvent & { readonly type: 'conversation' },
  secrets: RedactionTable | undefined,
): Promise<void> {
  const data = {
    id: toldName(id, secrets),
    resumed,
    ...(program !== undefined && { program: toldName(program, secrets) }),
  }
  await port?.note([{ kind: 'conversation.begun', data }])
}

/** Gives an attempt back what the program of an earlier one kept of its conversation. */
export async function placeConversation(
  { conversation }: StepTask,
  tools: NamespaceTools,
  attempt: AttemptLayout,
  options?: CallOptions,
): Promise<void> {
  if (conversation?.state === undefined) return
  await untar(tools.blobs.fetch(conversation.state, options), attempt.home, { ...options, owned: true })
}

/** Makes what a program keeps of its conversation durable. Errors: those of a snapshot, and what `isSecretFound` knows. */
export async function keepConversation(
  id: string,
  { tools, attempt, secrets }: { tools: NamespaceTools; attempt: AttemptLayout; secrets: RedactionTable },
  options?: CallOptions,
): Promise<KeptConversation> {
  const state = await stateOf(tools, attempt, secrets, options)
  return { id, ...(state && { state }) }
}

async function stateOf(
  { git: { limits }, blobs }: NamespaceTools,
  attempt: AttemptLayout,
  secrets: RedactionTable,
  options?: CallOptions,
): Promise<BlobRef | undefined> {
  const keeps = await keepsOf(attempt)
  if (keeps.length === 0) return undefined
  const exclude = await allBut(attempt.home, keeps.map(bytePath), entryCounter(limits.maxEntries), options)
  const counter = entryCounter(limits.maxEntries)
  const tar = tarOf(attempt.home, { exclude, counter, maxBytes: limits.maxSnapshotBytes, ...options })
  return blobs.store(withoutSecrets(tar, 'what the program keeps of its conversation', secrets), options)
}

async function keepsOf({ about }: AttemptLayout): Promise<readonly string[]> {
  const value: unknown = JSON.parse(await readFile(about, 'utf8'))
  const keeps = typeof value === 'object' && value !== null && 'keeps' in value ? value.keeps : []
  return Array.isArray(keeps) ? keeps.filter((path) => typeof path === 'string') : []
}

/**
 * What of a home is not to be kept. Links and special files never are: what is written into a later home must not be
 * written through them.
 */
async function allBut(
  home: string,
  keeps: readonly BytePath[],
  counter: EntryCounter,
  options?: CallOptions,
): Promise<ReadonlySet<BytePath>> {
  const exclude = new Set<BytePath>()
  const isPlain = (kind: string) => kind === 'file' || kind === 'folder'
  const ways: BytePath[] = ['']
  for (let way = ways.pop(); way !== undefined; way = ways.pop())
    for (const { path, kind } of await listFolder(home, way, counter, options)) {
      const leads = keeps.some((kept) => kept.startsWith(`${path}/`))
      if (kind === 'folder' && leads) ways.push(path)
      else if (!isPlain(kind) || !keeps.includes(path)) exclude.add(path)
    }
  for await (const { path, kind } of walkTree(home, exclude, counter, options)) if (!isPlain(kind)) exclude.add(path)
  return exclude
}
