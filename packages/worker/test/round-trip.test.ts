import fc from 'fast-check'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { gitWorkspaces } from '../src/index.ts'
import { removeTree } from '../src/remove-tree.ts'
import { repository, sh, temporary } from './repository.ts'

const dir = temporary()
const workspaces = gitWorkspaces({ dir: join(dir, 'worker') })
const base = repository(join(dir, 'base'), {
  a: 'one\ntwo\nthree\n',
  'd/b': 'x\n',
  'd/e/c': Buffer.from([0, 1, 2, 3]),
  'no-newline': 'end',
  'sp ace/q"uote': 'q\n',
})

const names = ['a', 'b', 'd', 'e', 'c', 'no-newline', 'sp ace', 'q"uote', '-x', 'ü', 'new\nline', ':m', '*', 'z\\t']
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const content = fc.oneof(
  fc.string({ maxLength: 40 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.array(fc.constantFrom('one', 'two', 'three', ''), { maxLength: 20 }).map((lines) => Buffer.from(lines.join('\n'))),
  fc.array(fc.constantFrom('a\r', 'b'), { maxLength: 5 }).map((lines) => Buffer.from(lines.join('\n') + '\n')),
)
const edit = fc.oneof(
  fc.record({ type: fc.constant('write' as const), path, content }),
  fc.record({ type: fc.constant('remove' as const), path }),
  fc.record({ type: fc.constant('mode' as const), path, mode: fc.constantFrom(0o755, 0o644, 0o600, 0o777) }),
  fc.record({ type: fc.constant('rename' as const), path, to: path }),
  fc.record({
    type: fc.constant('link' as const),
    path,
    to: fc.constantFrom('a', '../..', '/etc/passwd', 'nowhere', 'new\nline', 'd'),
  }),
)
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

/** Nothing on the way to a path, and the path itself free. False where a link or the root is in the way. */
async function clear(root: string, at: string): Promise<boolean> {
  const parts = at.split('/')
  for (let i = 1; i < parts.length; i++) {
    const above = join(root, ...parts.slice(0, i))
    const stat = lstatSync(above, { throwIfNoEntry: false })
    if (stat !== undefined && !stat.isDirectory()) await removeTree(above)
  }
  await removeTree(join(root, at))
  mkdirSync(dirname(join(root, at)), { recursive: true })
  return true
}

function there(root: string, at: string): boolean {
  const parts = at.split('/')
  return parts.every((_, i) => {
    const stat = lstatSync(join(root, ...parts.slice(0, i + 1)), { throwIfNoEntry: false })
    return stat !== undefined && (i === parts.length - 1 || stat.isDirectory())
  })
}

async function perform(root: string, step: Edit): Promise<void> {
  const at = join(root, step.path)
  if (step.type === 'write') {
    await clear(root, step.path)
    writeFileSync(at, step.content)
  } else if (step.type === 'link') {
    await clear(root, step.path)
    symlinkSync(step.to, at)
  } else if (!there(root, step.path)) return
  else if (step.type === 'remove') await removeTree(at)
  else if (step.type === 'mode') {
    if (lstatSync(at).isFile()) chmodSync(at, step.mode)
  } else {
    const aside = join(root, '.git', 'aside')
    renameSync(at, aside)
    await clear(root, step.to)
    renameSync(aside, join(root, step.to))
  }
}

/** The tree that git itself makes of a folder. */
function treeOf(root: string): string {
  return sh(root, 'git -c core.quotePath=false add -A -f . && git write-tree').trim()
}

describe('a patch', () => {
  it('gives, on a fresh clone, exactly the tree of the workspace', { timeout: 120_000 }, async () => {
    const workspace = await workspaces.resolve({ git: base, from: '/' })
    const [into, clone] = [join(dir, 'workspace'), join(dir, 'clone')]
    sh(dir, `git clone -q ${base} clone`)
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 12 }), async (edits) => {
        await removeTree(into)
        mkdirSync(into)
        await workspaces.materialize(workspace, into)
        for (const step of edits) await perform(into, step)
        const diff = await workspaces.diff(workspace, into)
        if (diff === undefined) throw new Error('no diff')
        expect(diff.tree).toBe(treeOf(into))
        writeFileSync(join(dir, 'patch'), diff.patch)
        sh(clone, 'git reset -q --hard HEAD && git clean -q -f -d -x')
        if (diff.patch.length > 0) sh(clone, 'git apply --index --binary ../patch')
        expect(sh(clone, 'git write-tree').trim()).toBe(diff.tree)
        expect(diff.files.length === 0).toBe(diff.tree === diff.baseTree)
      }),
      { numRuns: 12 },
    )
    expect(readdirSync(join(dir, 'worker', 'tmp'))).toEqual([])
    expect(existsSync(join(dir, 'worker', 'repositories'))).toBe(true)
  })
})
