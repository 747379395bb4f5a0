import { expect, it } from 'vitest'
import { withCode } from '../reference/code-blocks.ts'

const source = `import x from 'x'

/** Two. */
export async function two(
  a: string,
): Promise<void> {
  await x(a)
}

// One.
const one = 1

export const three = {
  one,
}
`
const read = (path: string): string => (path === 'a.ts' ? source : expect.fail(path))
const page = (what: string, code: string): string =>
  `Text.\n\n<!-- code: ${what} -->\n\`\`\`ts\n${code}\`\`\`\n\nMore.\n`

it('puts a whole file into its block', () => {
  expect(withCode(page('a.ts', 'old\n'), read)).toBe(page('a.ts', source))
})

it.each([
  ['two', '/** Two. */\nexport async function two(\n  a: string,\n): Promise<void> {\n  await x(a)\n}\n'],
  ['one', '// One.\nconst one = 1\n'],
  ['three', 'export const three = {\n  one,\n}\n'],
])('puts the declaration %s into its block, and nothing else', (name, code) => {
  expect(withCode(page(`a.ts#${name}`, ''), read)).toBe(page(`a.ts#${name}`, code))
})

it('leaves a page that is right as it is', () => {
  expect(withCode(page('a.ts#one', '// One.\nconst one = 1\n'), read)).toBe(
    page('a.ts#one', '// One.\nconst one = 1\n'),
  )
})

it('refuses what is not declared', () => {
  expect(() => withCode(page('a.ts#four', ''), read)).toThrow(Error)
})
