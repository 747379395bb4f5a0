import type { CallOptions, ChildrenSpec, ItemSpec } from '@seamark/core'
import { SeamError, throwIfAborted } from '@seamark/kit'
import type { ChildView } from './child-view.ts'
import { bounded, childView } from './child-view.ts'
import { CHILDREN_LIMITS } from './limits.ts'

/** Items as an agent writes them, read as its children. Errors: those of a plan, with `problems`. */
export type ReadItems = (
  items: readonly Readonly<Record<string, unknown>>[],
  parent: Pick<ChildrenSpec, 'parent' | 'attempt' | 'workspace'>,
  options: CallOptions,
) => Promise<readonly ItemSpec[]>

/** What one attempt may ask about its children. */
export interface Family {
  submit(
    items: readonly Readonly<Record<string, unknown>>[],
    signal: AbortSignal,
  ): Promise<{ created: boolean; items: readonly ChildView[] }>
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
  let calls = 0

  const list = async (): Promise<readonly ChildView[]> => (await port.list()).map((child) => childView(child, prefix))

  /** One of few: whatever its connection does, it is under way until it is answered. */
  async function counted<T>(call: () => Promise<T>): Promise<T> {
    if (calls >= CHILDREN_LIMITS.callsAtOnce)
      throw new SeamError('LIMIT_EXCEEDED', `${calls} calls that add items or wait have no answer yet.`, {
        remedy: 'Ask again when one of them has.',
      })
    calls++
    try {
      return await call()
    } finally {
      calls--
    }
  }

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
    submit(items, signal) {
      return counted(() => {
        // One after another, so that a program that sends many takes one place in the line of the parser.
        const mine = turn.then(async () => {
          const until = AbortSignal.any([closed, signal])
          throwIfAborted(until)
          const children = await readItems(items, spec, { signal: until })
          const { created } = await port.add(children)
          const ids = new Set(children.map(({ id }) => id))
          return { created, items: bounded((await list()).filter(({ item }) => ids.has(item))) }
        })
        turn = mine.catch(() => undefined)
        return mine
      })
    },
    list: async () => bounded(await list()),
    wait(ids, timeoutMs, signal) {
      return counted(async () => {
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
            if (items.every(isOver)) return { done: true, items: bounded(items) }
            if (!(await changed)) {
              throwIfAborted(closed)
              return { done: false, items: bounded(named(await list(), ids)) }
            }
          }
        } finally {
          gone.abort()
        }
      })
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
