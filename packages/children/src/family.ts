import type { BlobRef, CallOptions, ChildrenSpec, ChildStatus, ItemSpec, Json } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import { CHILDREN_LIMITS } from './limits.ts'

/** Items as an agent writes them, read as its children. Errors: those of a plan, with `problems`. */
export type ReadItems = (
  items: readonly Readonly<Record<string, Json>>[],
  parent: Pick<ChildrenSpec, 'parent' | 'attempt' | 'workspace'>,
  options: CallOptions,
) => Promise<readonly ItemSpec[]>

/** A child, in the words of its parent. */
export interface ChildView {
  /** As its parent chose it. */
  readonly id: string
  /** Its id in the run. */
  readonly item: string
  readonly status: ChildStatus['status']
  readonly reason?: string
  readonly patch?: BlobRef
  readonly outputs?: readonly { readonly path: string; readonly blob: BlobRef }[]
}

/** What one attempt may ask about its children. */
export interface Family {
  submit(items: readonly Readonly<Record<string, Json>>[]): Promise<{ created: boolean; items: readonly ChildView[] }>
  list(): Promise<readonly ChildView[]>
  wait(
    ids: readonly string[] | undefined,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<{ done: boolean; items: readonly ChildView[] }>
  read(
    id: string,
    what: 'patch' | 'stdout' | 'stderr' | 'output',
    path: string | undefined,
    signal: AbortSignal,
  ): Promise<{ size: number; whole: boolean; text?: string; base64?: string }>
}

const GOING_ON = new Set<string>(['waiting', 'running'])
const RESUMES_BY_ITSELF = new Set<string | undefined>(['retry', 'capacity', 'rate-limit'])

/** `closed` aborts what is under way. */
export function family(spec: ChildrenSpec, readItems: ReadItems, closed: AbortSignal): Family {
  const { parent, attempt, port } = spec
  const prefix = `${parent.id}-${attempt}-`
  let turn: Promise<unknown> = Promise.resolve()

  const view = ({ id, status, reason, product }: ChildStatus): ChildView => ({
    id: id.slice(prefix.length),
    item: id,
    status,
    ...(reason !== undefined && { reason }),
    ...(product?.patch && { patch: { sha256: product.patch.sha256, size: product.patch.size } }),
    ...(product && product.outputs.length > 0 && { outputs: product.outputs }),
  })
  const list = async (): Promise<readonly ChildView[]> => (await port.list()).map(view)

  function named(all: readonly ChildView[], ids: readonly string[] | undefined): readonly ChildView[] {
    if (ids === undefined) return all
    const missing = ids.filter((id) => !all.some((one) => one.id === id))
    if (missing.length > 0) throw unknown(missing)
    return all.filter(({ id }) => ids.includes(id))
  }

  /** Nothing more will become of it without a person. */
  const isOver = ({ status, reason }: ChildView) =>
    status === 'parked' ? !RESUMES_BY_ITSELF.has(reason) : !GOING_ON.has(status)

  return {
    submit(items) {
      // One after another, so that a program that sends many takes one place in the line of the parser.
      const mine = turn.then(async () => {
        throwIfAborted(closed)
        const children = await readItems(items, spec, { signal: closed })
        const { created } = await port.add(children)
        const ids = new Set(children.map(({ id }) => id))
        return { created, items: (await list()).filter(({ item }) => ids.has(item)) }
      })
      turn = mine.catch(() => undefined)
      return mine
    },
    list,
    async wait(ids, timeoutMs, signal) {
      const gone = new AbortController()
      const until = AbortSignal.any([closed, signal, gone.signal, AbortSignal.timeout(Math.ceil(timeoutMs))])
      try {
        for (;;) {
          // Before the look, so that nothing comes between.
          const changed = port.changed({ signal: until }).then(
            () => true,
            () => false,
          )
          const items = named(await list(), ids)
          if (items.every(isOver)) return { done: true, items }
          if (!(await changed)) {
            throwIfAborted(closed)
            return { done: false, items: named(await list(), ids) }
          }
        }
      } finally {
        gone.abort()
      }
    },
    async read(id, what, path, signal) {
      const found = (await port.list()).find((child) => child.id === prefix + id)
      if (found === undefined) throw unknown([id])
      const { product } = found
      const blob = what === 'output' ? product?.outputs.find((output) => output.path === path)?.blob : product?.[what]
      if (blob === undefined)
        throw new SeamError('NOT_FOUND', `Item ${id} has made no such ${what}.`, {
          remedy: 'See list_items for its status and what it made.',
        })
      const bytes = await beginning(spec.read(blob, { signal: AbortSignal.any([closed, signal]) }))
      return { size: blob.size, whole: bytes.byteLength === blob.size, ...asText(bytes) }
    },
  }
}

async function beginning(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of content) {
    const taken = part.subarray(0, CHILDREN_LIMITS.readBytes - size)
    parts.push(Uint8Array.from(taken))
    size += taken.byteLength
    if (size >= CHILDREN_LIMITS.readBytes) break
  }
  return Buffer.concat(parts)
}

/** A character that the end cuts is left out. */
function asText(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true }) }
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') }
  }
}

function unknown(ids: readonly string[]): SeamError {
  const names = ids.slice(0, 10).map((id) => JSON.stringify(id))
  return new SeamError('NOT_FOUND', `You have added no item ${names.join(', ')}.`, { remedy: 'See list_items.' })
}
