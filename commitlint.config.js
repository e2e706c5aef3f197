/**
 * The form of a commit's subject: `scope: imperative subject`, at most 72 characters. The scope is the room
 * or the topic that changes (`peers`, `docs`, `bench`). CONTRIBUTING.md has examples.
 */
export default {
  parserPreset: {
    parserOpts: {
      headerPattern: /^([a-z0-9][a-z0-9/-]*): (.+)$/,
      headerCorrespondence: ['scope', 'subject'],
    },
  },
  rules: {
    'header-max-length': [2, 'always', 72],
    'scope-empty': [2, 'never'],
    'subject-empty': [2, 'never'],
    'subject-full-stop': [2, 'never', '.'],
    'body-leading-blank': [2, 'always'],
    'body-empty': [2, 'never'],
  },
}
