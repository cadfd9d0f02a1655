// choose sends the request to the service that the viewer's number says, and returns its id.
async function choose(event) {
  if (number(event) < (await percent()) * 100) {
    cf.selectRequestOriginById(config.move.to);
    return config.move.to;
  }
  return config.origin;
}

// percent is the store's, if it has one that makes sense.
async function percent() {
  let text = '';
  try {
    text = await cf.kvs().get(config.move.key);
  } catch (error) { // there is no such key
    return config.move.percent;
  }
  return /^(100|[0-9]{1,2}(\.[0-9]{1,2})?)$/.test(text) ? Number(text) : config.move.percent;
}
