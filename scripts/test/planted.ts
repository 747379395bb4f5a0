import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export const REPOSITORY: string = resolve(import.meta.dirname, '../..')

/** Writes files into a fresh folder and gives it to `use`; it is removed afterwards. */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'seamark-planted-')))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A package of the workspace: manifest and the files of its folder, with what it depends on linked as pnpm does. */
export function workspacePackage(folder: string): Readonly<Record<string, string>> {
  const name = `@seamark/${folder.split('/').at(-1)}`
  const exports = { '.': { source: './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } }
  return {
    [`${folder}/package.json`]: JSON.stringify({ name, version: '0.0.0', type: 'module', exports }),
    [`${folder}/src/index.ts`]: 'export interface Thing { readonly a: number }\n',
  }
}

/** Links a package of the workspace into the `node_modules` of another. */
export function linkPackage(root: string, from: string, to: string): void {
  const link = join(root, from, 'node_modules/@seamark', to.split('/').at(-1) ?? '')
  mkdirSync(dirname(link), { recursive: true })
  symlinkSync(join(root, to), link)
}
