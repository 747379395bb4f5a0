import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { begin, NODE, place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

interface Repository {
  /** The program of its tests, and the test that the plan has. */
  readonly program: string
  readonly test: string
  readonly files: Readonly<Record<string, string>>
  /** What its tests fail with. */
  readonly broken: Readonly<Record<string, string>>
}

const repositories: readonly Repository[] = [
  {
    program: 'go',
    test: 'go test ./...',
    files: {
      'go.mod': 'module herbs\n\ngo 1.19\n\nrequire taste.example/hot v1.0.0\n',
      'herbs.go': 'package herbs\n\nimport "taste.example/hot"\n\nfunc Taste() string { return hot.Taste }\n',
      'herbs_test.go':
        'package herbs\n\nimport "testing"\n\nfunc TestTaste(t *testing.T) {\n\tif Taste() != "hot" {\n\t\tt.Fatal(Taste())\n\t}\n}\n',
      'vendor/modules.txt': '# taste.example/hot v1.0.0\n## explicit; go 1.19\ntaste.example/hot\n',
      'vendor/taste.example/hot/hot.go': 'package hot\n\nconst Taste = "hot"\n',
    },
    broken: { 'vendor/taste.example/hot/hot.go': 'package hot\n\nconst Taste = "mild"\n' },
  },
  {
    program: 'cargo',
    test: 'cargo test --offline',
    files: {
      'Cargo.toml': '[package]\nname = "herbs"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nhot = "1.0.0"\n',
      'Cargo.lock':
        'version = 3\n\n[[package]]\nname = "herbs"\nversion = "0.1.0"\ndependencies = [\n "hot",\n]\n\n[[package]]\nname = "hot"\nversion = "1.0.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n',
      '.cargo/config.toml':
        '[source.crates-io]\nreplace-with = "vendored"\n\n[source.vendored]\ndirectory = "vendor"\n',
      'src/lib.rs': '#[test]\nfn taste() {\n    assert_eq!(hot::TASTE, "hot");\n}\n',
      'vendor/hot/Cargo.toml': '[package]\nname = "hot"\nversion = "1.0.0"\nedition = "2021"\n',
      'vendor/hot/.cargo-checksum.json': '{"files":{}}',
      'vendor/hot/src/lib.rs': 'pub const TASTE: &str = "hot";\n',
    },
    broken: { 'vendor/hot/src/lib.rs': 'pub const TASTE: &str = "mild";\n' },
  },
  {
    program: 'python3',
    test: 'python3 -m unittest discover -s tests',
    files: {
      'pyproject.toml': '[project]\nname = "herbs"\nversion = "0.1.0"\n',
      'herbs.py': 'taste = "hot"\n',
      'tests/test_herbs.py':
        'import unittest\nimport herbs\n\n\nclass Herbs(unittest.TestCase):\n    def test_taste(self):\n        self.assertEqual(herbs.taste, "hot")\n',
    },
    broken: { 'herbs.py': 'taste = "mild"\n' },
  },
  {
    program: 'make',
    test: 'make test',
    files: { Makefile: 'test: taste\n\tgrep -qx hot taste\n', taste: 'hot\n' },
    broken: { taste: 'mild\n' },
  },
]

function commit(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(dir, dirname(file)), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  for (const line of [['add', '--force', '.'], ['commit', '--quiet', '--message', 'herbs']]) execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...line], { cwd: dir }) // prettier-ignore
}

/** What the tests said, for whoever reads of a failure. */
async function why(dir: string): Promise<string> {
  const logs = [await seamark(dir, 'logs', 'first', 'test'), await seamark(dir, 'logs', 'first', 'test', '--stderr')]
  return logs.map(({ out, err }) => out + err).join('')
}

/** As on a machine that has only what Debian brings: no program of somebody's home. */
function seamark(dir: string, ...argv: readonly string[]) {
  return begin(dir, [...NODE, ...argv], { PATH: '/usr/bin:/bin' }).ended
}

describe.each(repositories)('in a repository of $program, init', ({ program, test, files, broken }) => {
  const of = (name: string, all: Readonly<Record<string, string>>): string => {
    const dir = here.repository(name, { 'README.md': 'herbs\n' })
    commit(dir, all)
    return dir
  }

  it('writes a plan that runs its tests', { timeout: 300_000 }, async () => {
    const dir = of(program, files)
    const found = await seamark(dir, 'init', '--json')
    expect(found).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(found.out)).toMatchObject({ projects: [{ program, test }] })
    const ran = await seamark(dir, 'run', 'seamark.yaml', '--id', 'first')
    expect(ran, ran.code === 0 ? '' : await why(dir)).toMatchObject({ code: 0 })
    const status = await seamark(dir, 'status', 'first', '--json')
    expect(JSON.parse(status.out)).toMatchObject({
      run: { status: 'succeeded' },
      items: [
        { item: 'test', status: 'succeeded' },
        { item: 'note', status: 'succeeded' },
      ],
    })
    expect(readFileSync(join(dir, 'seamark.yaml'), 'utf8')).toContain(`run: ${test}\n`)
  })

  it('writes a plan that fails where a test does', { timeout: 300_000 }, async () => {
    const dir = of(`${program}-broken`, { ...files, ...broken })
    expect(await seamark(dir, 'init')).toMatchObject({ code: 0 })
    expect(await seamark(dir, 'run', 'seamark.yaml', '--id', 'first')).toMatchObject({ code: 11 })
    const status = await seamark(dir, 'status', 'first', '--json')
    // The gates of the note judge by the same tests.
    expect(JSON.parse(status.out)).toMatchObject({
      run: { status: 'failed' },
      items: [
        { item: 'test', status: 'failed' },
        { item: 'note', status: 'failed' },
      ],
    })
  })
})
