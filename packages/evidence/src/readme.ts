import type { BlobRef, Checkpoint } from '@seamark/core'

/** The `README.md` of a bundle: what it is and how to check it without Seamark. */
export function bundleReadme(
  run: string,
  checkpoint: Pick<Checkpoint, 'origin' | 'size'>,
  removed: readonly BlobRef[] = [],
): string {
  return `# Evidence of run ${run}

Records of one run, with a proof that they are leaves of the log \`${checkpoint.origin}\` at size ${checkpoint.size}.
Nothing in this bundle says whom to trust: get the log's key from where you trust it to come from, not from \`trust-hints.json\`.

| file | what it is |
|---|---|
| \`manifest.json\` | size and SHA-256 of every other file, canonical JSON (RFC 8785) |
| \`manifest.sig\` | Ed25519 signature over \`seamark/manifest/v1\`, a zero byte and \`manifest.json\` |
| \`checkpoint\` | signed head of the log (c2sp.org/tlog-checkpoint) |
| \`trust-hints.json\` | the keys that the exporter says are his |
| \`proof.bin\` | hashes of the maximal subtrees that hold none of the records, left to right |
| \`records.jsonl\` | the run's records, one canonical header a line; a line without its newline is a leaf of the log |
| \`payloads.jsonl\` | payloads that were disclosed, with their salts |
| \`receipts/\` | what anchors gave for the checkpoint |
| \`artifacts/\` | products, each under its SHA-256 |
${removedText(removed)}
All of it, with Seamark, and without it (Python 3, standard library only; \`verify.py\` is in Seamark's repository):

    seamark verify . --trust trust.json
    python3 verify.py . --trust trust.json

The manifest's signature, with openssl; \`export.pem\` is the export key that you trust:

    (printf 'seamark/manifest/v1\\0'; cat manifest.json) > manifest.msg
    openssl pkeyutl -verify -pubin -inkey export.pem -rawin -in manifest.msg -sigfile manifest.sig

The checkpoint's signature; \`log.pem\` is the log key that you trust:

    sed '/^$/,$d' checkpoint > checkpoint.msg
    tail -n 1 checkpoint | cut -d ' ' -f 3 | openssl base64 -d -A | tail -c 64 > checkpoint.sig
    openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in checkpoint.msg -sigfile checkpoint.sig

One file against the manifest, and the leaf hash of the first record:

    sha256sum records.jsonl
    (printf '\\0'; head -n 1 records.jsonl | tr -d '\\n') | sha256sum
`
}

function removedText(removed: readonly BlobRef[]): string {
  if (removed.length === 0) return ''
  const lines = removed.map(({ sha256, size }) => `    ${sha256}  ${size} bytes\n`).join('')
  return `
**Not here:** patches that the records name and that the operator had removed before this export. What was in them
can not be checked any more; that they were made, their sizes and their digests can.

${lines}`
}
