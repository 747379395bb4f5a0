/** Whether what is in `dist/` is whole, and as new as what it was made from. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default?: string }>>
}

const settings = ['tsup.config.ts', 'tsconfig.build.json', 'tsconfig.base.json']

/**
 * Whether all that a package exports is built, and nothing that it is built from is newer. Its folder is relative to the
 * root. A build that failed may leave a part.
 */
export function isBuilt(folder: string): boolean {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const exported = Object.values(manifest.exports).flatMap((target) => [target.types, target.default ?? target.types])
  if (!exported.every((file) => existsSync(join(root, folder, file)))) return false
  const oldest = newest(join(root, folder, 'dist'), Math.min)
  const source = newest(join(root, folder, 'src'), Math.max) ?? 0
  const others = [join(folder, 'package.json'), ...settings].map((file) => statSync(join(root, file)).mtimeMs)
  return oldest !== undefined && oldest >= Math.max(source, ...others)
}

/** The time of change that `choose` leaves over of all files below a folder; `undefined` where there are none. */
function newest(folder: string, choose: (a: number, b: number) => number): number | undefined {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return undefined
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs)
    .reduce<number | undefined>((found, at) => (found === undefined ? at : choose(found, at)), undefined)
}
