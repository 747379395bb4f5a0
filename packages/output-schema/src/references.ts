import type { SchemaProblem } from './problem.ts'
import type { Subschema } from './subschemas.ts'

/** Where a `$ref` inside its own schema leads; `undefined` for nowhere. */
function target(
  ref: string,
  schemas: ReadonlyMap<string, Subschema>,
  anchors: ReadonlyMap<string, string>,
): string | undefined {
  let fragment: string
  try {
    fragment = decodeURIComponent(ref.slice(1))
  } catch {
    // What is no text leads nowhere.
    return undefined
  }
  const at = fragment === '' || fragment.startsWith('/') ? fragment : anchors.get(fragment)
  return at !== undefined && schemas.has(at) ? at : undefined
}

/**
 * Checks that each `$ref` leads to a schema inside the same one, and that none comes back to itself at the same place of a
 * document, which would never end.
 */
export function checkReferences(
  schemas: ReadonlyMap<string, Subschema>,
  problem: (problem: SchemaProblem) => void,
): void {
  const anchors = new Map<string, string>()
  for (const [at, { schema, path }] of schemas) {
    const anchor = schema['$anchor']
    if (typeof anchor !== 'string') continue
    if (anchors.has(anchor))
      problem({ code: 'INVALID_INPUT', message: 'The anchor is there twice.', path: [...path, '$anchor'] })
    anchors.set(anchor, at)
  }
  const next = new Map<string, readonly string[]>()
  for (const [at, { schema, path, samePlace }] of schemas) {
    const ref = schema['$ref']
    if (typeof ref !== 'string') {
      next.set(at, samePlace)
      continue
    }
    const to = ref.startsWith('#') ? target(ref, schemas, anchors) : undefined
    if (to === undefined)
      problem({
        code: ref.startsWith('#') ? 'INVALID_INPUT' : 'UNSUPPORTED',
        message: ref.startsWith('#')
          ? 'The reference leads to no schema in this one.'
          : 'A reference can not leave the schema: nothing is fetched.',
        remedy: 'Put what it refers to into $defs, and write #/$defs/ and its name.',
        path: [...path, '$ref'],
      })
    next.set(at, to === undefined ? samePlace : [...samePlace, to])
  }
  const circle = findCircle(next)
  const found = circle === undefined ? undefined : schemas.get(circle)
  if (found !== undefined)
    problem({
      code: 'INVALID_INPUT',
      message: 'The schema refers to itself without going into the document.',
      remedy: 'Refer to it from properties or items.',
      path: found.path,
    })
}

/** A node that leads to itself, in a graph of any depth. */
function findCircle(next: ReadonlyMap<string, readonly string[]>): string | undefined {
  const done = new Set<string>()
  for (const start of next.keys()) {
    const onWay = new Set<string>()
    const open: { readonly at: string; readonly leave: boolean }[] = [{ at: start, leave: false }]
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      const { at, leave } = step
      if (leave) {
        onWay.delete(at)
        done.add(at)
        continue
      }
      if (onWay.has(at)) return at
      if (done.has(at)) continue
      onWay.add(at)
      open.push({ at, leave: true })
      for (const to of next.get(at) ?? []) open.push({ at: to, leave: false })
    }
  }
  return undefined
}
