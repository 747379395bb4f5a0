import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RepositoryFile } from './repository-rules.ts'

/** The folders of all published packages, from the root, in alphabetical order. */
export function packageFolders(): readonly string[] {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(group)
      .sort()
      .map((name) => `${group}/${name}`)
      .filter(isPublished),
  )
}

function isPublished(folder: string): boolean {
  const file = join(folder, 'package.json')
  return existsSync(file) && !/"private":\s*true/.test(readFileSync(file, 'utf8'))
}

const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'coverage', '.seamark'])
const TEXT = /\.(?:ts|mts|mjs|js|json|yaml|yml|md|py|sh|svg)$|^[^.]+$/
const MAX_TEXT_BYTES = 4 * 1024 * 1024

/** Every file of the checkout that is not made by a tool, and the paths of all files and folders. */
export function repositoryFiles(): { readonly files: readonly RepositoryFile[]; readonly paths: ReadonlySet<string> } {
  const files: RepositoryFile[] = []
  const paths = new Set<string>([''])
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })) {
      if (LEFT_OUT.has(entry.name) || /^\.(?:setup\.lock|mutants-)/.test(entry.name)) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      paths.add(path)
      if (entry.isDirectory()) visit(path)
      else if (entry.isFile() && TEXT.test(entry.name)) {
        const text = readFileSync(path)
        if (text.length <= MAX_TEXT_BYTES) files.push({ path, text: text.toString('utf8') })
      }
    }
  }
  visit('')
  return { files, paths }
}
