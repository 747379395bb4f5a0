import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { REPOSITORY, withFiles } from './planted.ts'

/** Sources that must be rejected, by the rule that rejects them. */
const planted: Readonly<Record<string, string>> = {
  'no-floating-promises': 'const work = async (): Promise<void> => {}\nexport const go = (): void => { work() }\n',
  'no-misused-promises': 'export const go = (list: number[]): void => list.forEach(async () => {})\n',
  'no-explicit-any': 'export const loose = (value: any): unknown => value\n',
  'no-unsafe-assignment': 'export const text = (): string => { const value: string = JSON.parse("1"); return value }\n',
  'no-unsafe-return': 'export const text = (): string => JSON.parse("1")\n',
  'no-unsafe-member-access': 'export const a = (): unknown => JSON.parse("1").a\n',
  'no-unsafe-type-assertion': 'export const n = (value: unknown): number => value as number\n',
  'no-non-null-assertion': 'export const first = (list: string[]): string => list[0]!\n',
  'switch-exhaustiveness-check':
    "export function f(x: 'a' | 'b'): number {\n  switch (x) {\n    case 'a':\n      return 1\n  }\n  return 0\n}\n",
  'consistent-type-imports': "import { Left } from './types.ts'\nexport const left: Left = { a: 1 }\n",
  'no-default-export': 'export default 1\n',
  'no-process-env': 'export const home = (): unknown => process.env\n',
  'no-console': "export const say = (): void => console.log('x')\n",
  'only-throw-error': "export const fail = (): never => { throw 'x' }\n",
}

const fine: Readonly<Record<string, string>> = {
  'packages/cli/src/env.ts': planted['no-process-env'] ?? '',
  'packages/cli/tool.config.ts': planted['no-default-export'] ?? '',
  'packages/cli/test/some.test.ts': planted['no-unsafe-member-access'] ?? '',
}

async function found(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const files: Record<string, string> = {
    ...fine,
    'tsconfig.json': readFileSync(join(REPOSITORY, 'tsconfig.base.json'), 'utf8').replace(
      '"types": ["node"],',
      '"types": [],',
    ),
    'packages/kit/src/types.ts': 'export interface Left { readonly a: number }\n',
    'packages/kit/src/globals.d.ts':
      'declare const process: { readonly env: unknown }\ndeclare const console: { log(text: string): void }\n',
  }
  for (const [rule, text] of Object.entries(planted)) files[`packages/kit/src/${rule}.ts`] = text
  return withFiles(files, (root) => {
    const argv = ['--type-aware', '--config', join(REPOSITORY, '.oxlintrc.json'), '--format', 'json', '.']
    const result = spawnSync(join(REPOSITORY, 'node_modules/.bin/oxlint'), argv, { cwd: root, encoding: 'utf8' })
    const rules = new Map<string, Set<string>>()
    for (const { code, filename } of JSON.parse(result.stdout).diagnostics) {
      const rule = String(code).replace(/^.*\(|\)$/g, '')
      rules.set(filename, (rules.get(filename) ?? new Set<string>()).add(rule))
    }
    return rules
  })
}

describe('lint rules', async () => {
  const rules = await found()
  it.each(Object.keys(planted))('%s', (rule) => {
    expect(rules.get(`packages/kit/src/${rule}.ts`)).toContain(rule)
  })
  it.each(Object.keys(fine))('nothing in %s', (file) => {
    expect([...(rules.get(file) ?? [])]).toEqual([])
  })
})
