// A comment with the path of a file, and with `#name` one declaration of it, then a block of code.
const BLOCK = /(<!-- code: (\S+?)(?:#(\w+))? -->\n\n?```(\w+)\n)([\s\S]*?)(```)/g

/**
 * A page with the code that its comments name in its blocks: `<!-- code: PATH -->` before a block is the whole file, `<!-- code: PATH#name -->`
 * one declaration at its top level, with its comment. Throws, with the path, where there is no such declaration.
 */
export function withCode(page: string, read: (path: string) => string): string {
  return page.replace(BLOCK, (_, head: string, path: string, name: string | undefined) => {
    const text = read(path)
    const code = name === undefined ? text : declaration(text, name)
    if (code === undefined) throw new Error(`${path} declares no ${name}.`)
    return `${head}${code}\`\`\``
  })
}

function declaration(text: string, name: string): string | undefined {
  const lines = text.split('\n')
  const at = lines.findIndex((line) =>
    new RegExp(`^(?:export )?(?:default |async |const |function |interface )+${name}\\b`).test(line),
  )
  if (at === -1) return undefined
  let first = at
  while (/^ ?(?:\*|\/\*\*|\/\/)/.test(lines[first - 1] ?? '')) first -= 1
  const isOneLine = !/[({[]$/.test(lines[at] ?? '')
  const last = isOneLine
    ? at
    : lines.findIndex((line, index) => index > at && /^[)}\]]/.test(line) && !/[({[]$/.test(line))
  return `${lines.slice(first, last + 1).join('\n')}\n`
}
