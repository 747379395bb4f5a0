/** A request's target in two parts. */
export interface Target {
  readonly path: string
  /** With its question mark; empty where there is none. */
  readonly query: string
  /** Whether servers may read the path differently than it looks. */
  readonly ambiguous: boolean
}

// RFC 3986: what a path and a query may hold. What else some clients send is refused rather than guessed.
const allowed = /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/
const allowedQuery = /^(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?|^`{}[\]"<>\\-]|%[0-9A-Fa-f]{2})*)?$/

/** One spelling for what is the same by RFC 3986, section 6.2.2. */
function normal(path: string): string {
  return path.replace(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return /[A-Za-z0-9_~-]/.test(character) ? character : escape.toUpperCase()
  })
}

// An encoded slash, backslash, dot, percent, semicolon or control character; some servers decode them before they route.
const disguised = /%(?:2F|5C|2E|25|3B|3F|23|[01][0-9A-F]|7F|[89A-F][0-9A-F])/

function isAmbiguous(path: string): boolean {
  if (disguised.test(path)) return true
  const segments = path.slice(1).split('/')
  return segments.some((segment, index) => {
    // Some servers take `..;x` for `..`.
    const [name = ''] = segment.split(';')
    return name === '.' || name === '..' || (name === '' && (segment !== '' || index < segments.length - 1))
  })
}

/** Reads an origin-form target. `undefined` where it is none. */
export function targetFrom(text: string): Target | undefined {
  const mark = text.indexOf('?')
  const [raw, query] = mark < 0 ? [text, ''] : [text.slice(0, mark), text.slice(mark)]
  if (!allowed.test(raw) || !allowedQuery.test(query)) return undefined
  const path = normal(raw)
  return { path, query, ambiguous: isAmbiguous(path) }
}

/** Whether a path is one that a rule names: literally, or by all that comes before a `*` at the end. */
export function pathMatches(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern
}

/** Whether a rule may name paths so. */
export function isPathPattern(pattern: string): boolean {
  const literal = pattern.endsWith('*') ? pattern.slice(0, -1) : pattern
  if (literal.includes('*')) return false
  const target = targetFrom(literal)
  return target !== undefined && !target.ambiguous && target.query === '' && target.path === literal
}
