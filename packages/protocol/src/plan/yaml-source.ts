import type { Alias, Document, ParsedNode } from 'yaml'
import type { Faults, Path } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { presentable } from './quoted.ts'
import { SourceStop } from './source.ts'
import type { Found, Reading } from './source.ts'
import { yaml } from './yaml-port.ts'
import { yamlValue } from './yaml-value.ts'

/** Composes the first document. Throws `SourceStop` for nesting and for a second document. */
function compose(text: string): Document.Parsed | undefined {
  const { Composer, Lexer, Parser } = yaml()
  const parser = new Parser()
  // Duplicate keys are found in `yamlValue`: the composer compares every key with every other.
  const composer = new Composer({ version: '1.2', schema: 'core', uniqueKeys: false, merge: false, logLevel: 'silent' })
  let first: Document.Parsed | undefined
  const keep = (documents: Iterable<Document.Parsed>) => {
    for (const document of documents) {
      if (first !== undefined)
        throw new SourceStop({
          code: 'INVALID_INPUT',
          message: 'The text holds more than one YAML document.',
          remedy: 'Submit each plan by itself.',
          path: [],
          offset: document.range[0],
        })
      first = document
    }
  }
  let tokens = 0
  let errors = 0
  const stop = (message: string): never => {
    throw new SourceStop({ code: 'LIMIT_EXCEEDED', message, path: [], offset: parser.offset })
  }
  for (const lexeme of new Lexer().lex(text)) {
    if (++tokens > PLAN_LIMITS.yamlTokens) stop(`The plan holds more than ${PLAN_LIMITS.yamlTokens} YAML tokens.`)
    for (const token of parser.next(lexeme)) {
      if (token.type === 'error' && ++errors > PLAN_LIMITS.problems)
        stop(`The plan has more than ${PLAN_LIMITS.problems} errors of YAML.`)
      keep(composer.next(token))
    }
    // The composer recurses; the parser does not, and its stack is one token per level.
    if (parser.stack.length > PLAN_LIMITS.depth + 2) stop(`The plan is nested deeper than ${PLAN_LIMITS.depth} levels.`)
  }
  for (const token of parser.end()) keep(composer.next(token))
  keep(composer.end(true, text.length))
  return first
}

function find(
  root: ParsedNode | null,
  targets: ReadonlyMap<unknown, ParsedNode>,
  path: Path,
  part: 'key' | 'value',
): Found {
  const { isAlias, isMap, isScalar, isSeq } = yaml()
  let node = root
  let offset = root?.range[0] ?? 0
  let depth = 0
  for (const step of path) {
    if (isAlias(node)) node = targets.get(node) ?? null
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
      if (pair === undefined) break
      node = pair.value
      offset = part === 'key' || node === null ? pair.key.range[0] : node.range[0]
    } else if (isSeq(node) && typeof step === 'number') {
      const entry = node.items[step]
      if (entry === undefined) break
      node = entry
      offset = entry.range[0]
    } else break
    depth++
  }
  return { offset, depth }
}

/** Reads a plan that is written as YAML 1.2 with the core schema. */
export function readYaml(text: string, faults: Faults): Reading {
  try {
    const document = compose(text)
    const complaints = [...(document?.errors ?? []), ...(document?.warnings ?? [])]
    for (const complaint of complaints)
      faults.add({ code: 'INVALID_INPUT', message: presentable(complaint.message), path: [], offset: complaint.pos[0] })
    if (document === undefined || complaints.length > 0) return { ok: false }
    const targets = new Map<Alias, ParsedNode>()
    const root = document.contents
    const value = yamlValue(root, faults, targets)
    return {
      ok: true,
      document: { value, locate: (wanted) => wanted.map(({ path, part }) => find(root, targets, path, part)) },
    }
  } catch (error) {
    if (!(error instanceof SourceStop)) throw error
    faults.add(error.fault)
    return { ok: false }
  }
}
