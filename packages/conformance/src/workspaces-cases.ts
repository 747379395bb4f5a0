import type { WorkspaceDiff, Workspaces } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expectCode, expectEqual, fail, throughJson, together, within } from './check.ts'
import { identityCase } from './identity-case.ts'
import type { Case } from './suite.ts'
import { apply, collect, entriesOf, filesIn, made, OWN, sourced, withFolder } from './workspaces-subject.ts'
import type { Made, WorkspacesSubject } from './workspaces-subject.ts'

async function changed(
  seam: Workspaces,
  { workspace, into }: Made,
  exclude: readonly string[] = [OWN],
): Promise<WorkspaceDiff> {
  const found = await within(seam.diff(workspace, into, { exclude }), 'diff', 60_000)
  return found ?? fail('there is no diff of a folder that was changed')
}

/** What an attempt may do to files: adds, changes and removes some. */
async function work({ files }: WorkspacesSubject, into: string): Promise<readonly string[]> {
  await mkdir(join(into, 'new dir'))
  await writeFile(join(into, 'new dir', 'file.txt'), 'added\n')
  await writeFile(join(into, 'bytes.bin'), Buffer.from([0, 1, 2, 253, 254, 255]))
  const [first, second] = Object.keys(files)
  if (first !== undefined) await appendFile(join(into, first), 'more\n')
  if (second !== undefined) await rm(join(into, second))
  return [
    'added bytes.bin',
    'added new dir/file.txt',
    ...(first === undefined ? [] : [`modified ${first}`]),
    ...(second === undefined ? [] : [`deleted ${second}`]),
  ].sort()
}

const told = ({ files }: WorkspaceDiff): readonly string[] =>
  files.map(({ change, path }) => `${change} ${path}`).sort()

/** A behaviour that is shown in a folder, which is removed. */
function inFolder(
  id: string,
  about: string,
  run: (own: ReturnType<typeof sourced>, dir: string) => Promise<void>,
): Case<Workspaces> {
  return {
    id,
    about,
    async run(subject) {
      const own = sourced(subject)
      await withFolder((dir) => run(own, dir))
    },
  }
}

/** Every behaviour of workspaces. */
export const workspacesCases: readonly Case<Workspaces>[] = [
  identityCase('workspaces/v1'),
  {
    id: 'workspaces/pinned',
    about: 'a source resolves to the same workspace each time, which is the same after it was kept as JSON',
    async run(subject) {
      const { seam, source } = sourced(subject)
      const first = await within(seam.resolve(source), 'resolve', 60_000)
      throughJson(first, 'the workspace')
      expectEqual(await seam.resolve(source), first, 'the workspace again')
      const again = await subject.reopen?.()
      if (again !== undefined) expectEqual(await again.resolve(source), first, 'after a restart')
    },
  },
  {
    id: 'workspaces/hostile-sources',
    about: 'a source or ref that is none is NOT_FOUND or INVALID_INPUT, and starts nothing',
    async run(subject) {
      const { seam, source } = sourced(subject)
      await withFolder(async (dir) => {
        const canary = join(dir, 'canary')
        const refs = ['', '-x', `--upload-pack=touch ${canary}`, 'a\0b', 'a b', '../..', `$(touch ${canary})`]
        const sources = [
          ...[...refs, '__proto__', 'x'.repeat(10_000)].map((ref) => ({ ...source, ref })),
          { from: dir, git: 'nothing-is-here' },
          { from: dir, git: `ext::touch ${canary}` },
          { from: dir, git: `--upload-pack=touch ${canary}` },
        ]
        for (const hostile of sources) {
          const outcome = await within(
            seam.resolve(hostile).then(
              () => 'a workspace',
              (error: unknown) => (isSeamError(error) ? error.code : inspect(error)),
            ),
            'resolve',
            60_000,
          )
          if (outcome !== 'NOT_FOUND' && outcome !== 'INVALID_INPUT')
            fail(`${inspect(hostile).slice(0, 200)} gave ${outcome}`)
        }
        if (existsSync(canary)) fail('a source started a program')
      })
    },
  },
  inFolder(
    'workspaces/materialized',
    'an empty folder is filled with exactly the files of the source, from a workspace that was kept too',
    async (own, dir) => {
      const { workspace, into } = await made(own, dir)
      expectEqual(await filesIn(into), own.files, 'files')
      const seam = (await own.reopen?.()) ?? own.seam
      const again = join(dir, 'again')
      await mkdir(again)
      await within(seam.materialize(throughJson(workspace, 'the workspace'), again), 'materialize', 60_000)
      expectEqual(await filesIn(again), own.files, 'files from a kept workspace')
    },
  ),
  inFolder(
    'workspaces/apart',
    'what is written in one folder is in no other, neither before nor after',
    async (own, dir) => {
      const one = await made(own, dir, 'one')
      const two = await made(own, dir, 'two')
      await work(own, one.into)
      expectEqual(await filesIn(two.into), own.files, 'files of the second')
      const three = await made(own, dir, 'three')
      expectEqual(await filesIn(three.into), own.files, 'files of the third')
    },
  ),
  inFolder(
    'workspaces/unchanged',
    'where nothing was changed there is no diff, or one without files and patch',
    async (own, dir) => {
      const { workspace, into } = await made(own, dir)
      const found = await within(own.seam.diff(workspace, into, { exclude: [OWN] }), 'diff', 60_000)
      if (found === undefined) return
      expectEqual([found.files.length, found.patch.length], [0, 0], 'files and bytes of the patch')
      expectEqual(found.tree, found.baseTree, 'tree')
    },
  ),
  inFolder(
    'workspaces/diff',
    'a diff names every file that was added, changed and removed, and has the ids of both trees',
    async (own, dir) => {
      const it = await made(own, dir)
      const expected = await work(own, it.into)
      const found = await changed(own.seam, it)
      expectEqual(told(found), expected, 'files')
      for (const id of [found.tree, found.baseTree])
        if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) fail(`${inspect(id)} is no id of a tree`)
      if (found.tree === found.baseTree) fail('both trees have the same id')
      if (it.workspace.type === 'git') expectEqual(found.baseTree, it.workspace.tree, 'the base')
    },
  ),
  inFolder(
    'workspaces/patch-applies',
    'git applies the patch to a fresh workspace, which then has the same files and the same tree',
    async (own, dir) => {
      const one = await made(own, dir, 'one')
      await work(own, one.into)
      const found = await changed(own.seam, one)
      const two = await made(own, dir, 'two')
      await apply(found.patch, two.into).catch((error: unknown) => fail(`git apply: ${inspect(error)}`))
      expectEqual(await filesIn(two.into), await filesIn(one.into), 'files')
      expectEqual((await changed(own.seam, two)).tree, found.tree, 'tree')
    },
  ),
  inFolder('workspaces/exclude', 'what is excluded is neither in the diff nor in the snapshot', async (own, dir) => {
    const it = await made(own, dir)
    await mkdir(join(it.into, 'left-out'))
    await writeFile(join(it.into, 'left-out', 'file'), 'left out\n')
    await writeFile(join(it.into, 'kept'), 'kept\n')
    const found = await changed(own.seam, it, [OWN, 'left-out'])
    expectEqual(told(found), ['added kept'], 'files')
    const tar = await collect(own.seam.snapshot(it.into, { exclude: [OWN, 'left-out'] }))
    if (tar.includes('left out')) fail('the snapshot has what is excluded')
    if (!tar.includes('kept')) fail('the snapshot has not what is kept')
  }),
  inFolder('workspaces/links', 'no link is followed: neither out of the folder, nor in a circle', async (own, dir) => {
    const it = await made(own, dir)
    const outside = join(dir, 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'secret'), 'a-secret-outside')
    await symlink(outside, join(it.into, 'folder-link'))
    await symlink(join(outside, 'secret'), join(it.into, 'file-link'))
    await symlink('.', join(it.into, 'circle'))
    const found = await changed(own.seam, it)
    expectEqual(told(found), ['added circle', 'added file-link', 'added folder-link'], 'files')
    if (Buffer.from(found.patch).includes('a-secret-outside')) fail('the patch has what a link leads to')
    const tar = await within(collect(own.seam.snapshot(it.into, { exclude: [OWN] })), 'snapshot', 60_000)
    if (tar.includes('a-secret-outside')) fail('the snapshot has what a link leads to')
  }),
  inFolder(
    'workspaces/starts-nothing',
    'nothing that a workspace holds is started, whatever its own git says',
    async (own, dir) => {
      const it = await made(own, dir)
      const canary = join(dir, 'canary')
      const touch = `touch ${canary}; cat`
      await mkdir(join(it.into, OWN, 'hooks'), { recursive: true })
      const config = `[core]\n fsmonitor = ${touch}\n pager = ${touch}\n[filter "x"]\n clean = ${touch}\n required = true\n[diff]\n external = ${touch}\n[diff "x"]\n textconv = ${touch}\n`
      await appendFile(join(it.into, OWN, 'config'), config)
      await writeFile(join(it.into, OWN, 'hooks', 'post-index-change'), `#!/bin/sh\n${touch}\n`, { mode: 0o755 })
      await writeFile(join(it.into, '.gitattributes'), '* filter=x diff=x text eol=crlf\n')
      await writeFile(join(it.into, 'package.json'), JSON.stringify({ scripts: { prepare: touch } }))
      const found = await changed(own.seam, it)
      expectEqual(told(found), ['added .gitattributes', 'added package.json'], 'files')
      await collect(own.seam.snapshot(it.into))
      if (existsSync(canary)) fail('what the workspace holds was started')
    },
  ),
  inFolder(
    'workspaces/hostile-names',
    'names that are not text, have line ends or look like options are told as they are',
    async (own, dir) => {
      const it = await made(own, dir)
      const names = ['-rf', 'line\nend', 'quote"s', ' space ', '*', 'ключ']
      for (const name of names) await writeFile(join(it.into, name), 'x\n')
      const raw = Buffer.from([0x66, 0xff, 0xfe])
      await writeFile(Buffer.concat([Buffer.from(`${it.into}/`), raw]), 'x\n')
      const { files } = await changed(own.seam, it)
      const text = files.filter(({ encoding }) => encoding === undefined).map(({ path }) => path)
      expectEqual(text.sort(), names.sort(), 'names that are text')
      const others = files.filter(({ encoding }) => encoding === 'base64').map(({ path }) => path)
      expectEqual(others, [raw.toString('base64')], 'names that are not')
    },
  ),
  inFolder(
    'workspaces/snapshot',
    'a snapshot is a tar with every file of the folder as it is, and a link as a link',
    async (own, dir) => {
      const { into } = await made(own, dir)
      await writeFile(join(into, 'added.txt'), 'added\n')
      await symlink('added.txt', join(into, 'link'))
      const entries = entriesOf(await within(collect(own.seam.snapshot(into, { exclude: [OWN] })), 'snapshot', 60_000))
      const files = entries
        .filter(({ type }) => type === '0' || type === '')
        .map(({ path, body }) => [path, body] as const)
      expectEqual(
        Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1))),
        Object.fromEntries(
          Object.entries({ ...own.files, 'added.txt': 'added\n' }).sort(([a], [b]) => (a < b ? -1 : 1)),
        ),
        'files of the tar',
      )
      expectEqual(
        entries.filter(({ type }) => type === '2').map(({ path }) => path),
        ['link'],
        'links of the tar',
      )
    },
  ),
  inFolder(
    'workspaces/at-once',
    'eight folders that are filled and compared at once each have their own files',
    async (own, dir) => {
      const all = await together(Array.from({ length: 8 }, (_, at) => made(own, dir, `folder-${at}`)))
      for (const [at, { into }] of all.entries()) await writeFile(join(into, `mine-${at}`), `${at}\n`)
      const diffs = await together(all.map((it) => changed(own.seam, it)))
      expectEqual(
        diffs.map(told),
        all.map((_, at) => [`added mine-${at}`]),
        'files of each folder',
      )
    },
  ),
  inFolder(
    'workspaces/abort',
    'an aborted call is ABORTED and fills nothing, and the next one works',
    async (own, dir) => {
      const { seam, source, files } = own
      const signal = AbortSignal.abort()
      const { workspace, into } = await made(own, dir)
      const other = join(dir, 'other')
      await mkdir(other)
      await expectCode('ABORTED', () => seam.resolve(source, { signal }), 'resolve')
      await expectCode('ABORTED', () => seam.materialize(workspace, other, { signal }), 'materialize')
      expectEqual(await readdir(other), [], 'what an aborted call left')
      await writeFile(join(into, 'added'), 'x\n')
      await expectCode('ABORTED', () => seam.diff(workspace, into, { signal }), 'diff')
      await expectCode('ABORTED', () => collect(seam.snapshot(into, { signal })), 'snapshot')
      await within(seam.materialize(workspace, other), 'materialize', 60_000)
      expectEqual(await filesIn(other), files, 'files')
    },
  ),
]
