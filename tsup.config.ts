import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineConfig } from 'tsup'

interface Manifest {
  readonly exports: Readonly<
    Record<string, { readonly source: string; readonly types: string; readonly default?: string }>
  >
  /** Programs that the package starts by their path: output without extension, and source. */
  readonly seamark?: { readonly programs?: Readonly<Record<string, string>> }
}

/** What a path under `dist/` is called without its extension. */
const output = (path: string): string => path.replace(/^\.\/dist\/|\.d\.ts$|\.js$/g, '')

// Run in the folder of a package: `tsup --config ../../tsup.config.ts`. The manifest says what there is to build. A
// package without a `default` condition has types only and emits no JavaScript.
const manifest: Manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const targets = Object.values(manifest.exports)
const exported = Object.fromEntries(targets.map((target) => [output(target.types), target.source]))
const typesOnly = targets.every((target) => target.default === undefined)

export default defineConfig({
  entry: { ...exported, ...manifest.seamark?.programs },
  outDir: 'dist',
  tsconfig: resolve(import.meta.dirname, 'tsconfig.build.json'),
  format: ['esm'],
  target: 'node22',
  platform: 'node',
  dts: { entry: exported, only: typesOnly },
  // `node:sqlite` has no name without the prefix.
  removeNodeProtocol: false,
  splitting: true,
  clean: true,
  silent: true,
})
