/** An expression of the profile language: a list, a symbol, or the text of a string literal. */
export type Expression = readonly Expression[] | { readonly symbol: string } | { readonly text: string }

/** Reads a profile as a Scheme reader does, without knowing how it was written. */
export function readProfile(profile: string): Expression[] {
  let at = 0
  const list = (top: boolean): Expression[] => {
    const found: Expression[] = []
    for (;;) {
      while (/\s/.test(profile.charAt(at))) at++
      const next = profile.charAt(at)
      if (next === '') {
        if (top) return found
        throw new Error('A list does not end.')
      }
      if (next === ')') {
        if (top) throw new Error(`No list ends at ${at}.`)
        at++
        return found
      }
      if (next === '(') {
        at++
        found.push(list(false))
      } else if (next === '"') found.push({ text: string() })
      else found.push({ symbol: symbol() })
    }
  }
  const string = (): string => {
    let text = ''
    for (at++; ; at++) {
      const next = profile.charAt(at)
      if (next === '') throw new Error('A string does not end.')
      if (next === '"') break
      if (next === '\\') at++
      text += profile.charAt(at)
    }
    at++
    return text
  }
  const symbol = (): string => {
    const [found = ''] = /^[^\s()"]+/.exec(profile.slice(at)) ?? []
    if (!/^[a-z0-9*-]+$/.test(found)) throw new Error(`No symbol of a profile: ${found}`)
    at += found.length
    return found
  }
  return list(true)
}

/** What a profile says of an operation on a path: the last rule that matches counts. */
export function verdictOf(profile: string, operation: string, path: string): string {
  const [version, ...rules] = readProfile(profile).map(asList)
  if (JSON.stringify(version) !== '[{"symbol":"version"},{"symbol":"1"}]') throw new Error('It has no version.')
  const last = rules.findLast((rule) => {
    const operations = rule.slice(1).filter((part) => 'symbol' in part)
    const filters = rule.slice(1).filter((part) => Array.isArray(part))
    if (!operations.some((part) => covers(symbolOf(part), operation))) return false
    return filters.length === 0 || filters.some((filter) => holds(filter, path))
  })
  return symbolOf(last?.[0])
}

function holds(filter: Expression, path: string): boolean {
  const [name, ...parts] = asList(filter)
  const [first] = parts
  const text = first !== undefined && 'text' in first ? first.text : undefined
  switch (symbolOf(name)) {
    case 'literal':
      return path === text
    case 'subpath':
      return path === text || path.startsWith(`${text}/`)
    case 'require-all':
      return parts.every((part) => holds(part, path))
    case 'require-not':
      return !parts.some((part) => holds(part, path))
    default:
      // About something that is no path.
      return false
  }
}

function covers(pattern: string, operation: string): boolean {
  if (pattern === 'default') return true
  return pattern.endsWith('*') ? operation.startsWith(pattern.slice(0, -1)) : pattern === operation
}

function asList(expression: Expression): readonly Expression[] {
  if ('symbol' in expression || 'text' in expression) throw new Error('It is no list.')
  return expression
}

function symbolOf(expression: Expression | undefined): string {
  if (expression === undefined || !('symbol' in expression)) throw new Error('It is no symbol.')
  return expression.symbol
}
