export default {
  // A folder that runs by itself, for a container. The model comes along.
  output: 'standalone',
  // The package's files stay as they are on the server.
  serverExternalPackages: ['bert-ner'],
}
