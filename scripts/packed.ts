/** Packs the published packages, and holds each tarball to what npm, Node and TypeScript expect of a package. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import type { Package } from '@arethetypeswrong/core'
import { problemAffectsResolutionKind } from '@arethetypeswrong/core/problems'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { isBuilt } from './built.ts'
import { runProgram } from './run-step.ts'
import type { StepResult } from './run-step.ts'
import { packageFolders } from './workspace.ts'

interface Target {
  readonly [condition: string]: string
}
interface Manifest {
  readonly name: string
  readonly type?: string
  readonly exports?: Readonly<Record<string, Target>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** What only the repository needs. The hook in `.pnpmfile.cjs` takes it out. */
const OF_THE_REPOSITORY = ['scripts', 'devDependencies', 'seamark', 'private', 'pnpm']

/**
 * Packs packages into a folder, one tarball each. Folders are relative to the root, and each has to be built.
 * @throws where packing fails
 */
export async function pack(folders: readonly string[], destination: string): Promise<void> {
  const { packageManager } = JSON.parse(readFileSync('package.json', 'utf8'))
  const chosen = folders.flatMap((folder) => ['--filter', `./${folder}`])
  const argv = ['npx', '-y', packageManager, '-r', ...chosen, 'pack', '--pack-destination', destination]
  const { ok, output } = await runProgram(argv)
  if (!ok) throw new Error(`${argv.join(' ')}\n${output}`)
}

/** What is wrong with a tarball, one line each. */
export async function tarballProblems(tarball: Uint8Array): Promise<readonly string[]> {
  const packed = createPackageFromTarballData(tarball)
  const manifest: Manifest = JSON.parse(packed.readFile(`/node_modules/${packed.packageName}/package.json`))
  const problems = [...manifestProblems(manifest), ...fileProblems(packed), ...(await publintProblems(tarball))]
  return [...problems, ...(await typeProblems(packed))].map((problem) => `${manifest.name}: ${problem}`)
}

function manifestProblems({ exports = {}, dependencies = {}, ...manifest }: Manifest): readonly string[] {
  const left = OF_THE_REPOSITORY.filter((field) => Object.hasOwn(manifest, field))
  const conditions = Object.entries(exports).flatMap(([path, target]) =>
    Object.keys(target)
      .filter((condition) => condition !== 'types' && condition !== 'default')
      .map(
        (condition) => `/exports/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${condition}: no such condition`,
      ),
  )
  const ranges = Object.entries(dependencies)
    .filter(([, range]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(range))
    .map(([name, range]) => `/dependencies/${name.replaceAll('/', '~1')}: not an exact version: ${range}`)
  return [...left.map((field) => `/${field}: only the repository needs it`), ...conditions, ...ranges]
}

function fileProblems(packed: Package): readonly string[] {
  const root = `/node_modules/${packed.packageName}/`
  const files = packed.listFiles().map((file) => file.slice(root.length))
  const sources = files.filter((file) => /^(?:src|test)\/|(?<!\.d)\.m?ts$/.test(file))
  const wanted = ['LICENSE', 'README.md'].filter((file) => !files.includes(file))
  return [
    ...wanted.map((file) => `${file}: not packed`),
    ...sources.map((file) => `${file}: only the repository needs it`),
  ]
}

async function publintProblems(tarball: Uint8Array): Promise<readonly string[]> {
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true })
  return messages.map((message) => `publint ${message.code}: ${formatMessage(message, pkg, { color: false })}`)
}

/**
 * Only ES modules are shipped: what would be wrong for `require()`, or for resolution that knows no `exports`, is said by
 * `engines` and `type`, and is left out. Node's own resolution of imports and that of bundlers are checked.
 */
async function typeProblems(packed: Package): Promise<readonly string[]> {
  const analysis = await checkPackage(packed)
  if (analysis.types === false) return ['no types']
  return analysis.problems
    .filter(
      (problem) =>
        problemAffectsResolutionKind(problem, 'node16-esm', analysis) ||
        problemAffectsResolutionKind(problem, 'bundler', analysis),
    )
    .map((problem) => `types: ${JSON.stringify(problem)}`)
}

/** Packs packages, and says what is wrong with any of them. They have to be built. */
export async function packed(folders: readonly string[] = packageFolders()): Promise<StepResult> {
  const unbuilt = folders.filter((folder) => !isBuilt(folder))
  if (unbuilt.length > 0) return { ok: false, output: `npm run build, these are not built: ${unbuilt.join(', ')}` }
  const destination = mkdtempSync(join(tmpdir(), 'seamark-tarballs-'))
  try {
    await pack(folders, destination)
    const problems: string[] = []
    const tarballs = readdirSync(destination).sort()
    if (tarballs.length !== folders.length) problems.push(`${folders.length} packages, ${tarballs.length} tarballs`)
    for (const name of tarballs) problems.push(...(await tarballProblems(readFileSync(join(destination, name)))))
    return { ok: problems.length === 0, output: problems.join('\n') }
  } finally {
    rmSync(destination, { recursive: true, force: true })
  }
}
