// For each request of a viewer: who may come in, and what the service is told of the viewer.
// config is an object above.
async function handler(event) {
  const request = event.request;
  const headers = request.headers;
  if (config.allow && !isAllowed(event.viewer.ip)) {
    return {
      statusCode: 403,
      statusDescription: 'Forbidden',
      headers: {'content-type': {value: 'text/plain'}, 'cache-control': {value: 'no-store'}},
      body: {encoding: 'text', data: 'Forbidden\n'},
    };
  }
  if (!config.origin) {
    return request;
  }
  // CloudFront adds the viewer's address to a list that the viewer could begin.
  delete headers['x-forwarded-for'];
  delete headers['forwarded'];
  headers['x-forwarded-host'] = {value: headers.host.value};
  headers['true-client-ip'] = {value: event.viewer.ip};
  headers[config.header] = {value: config.move ? await choose(event) : config.origin};
  return request;
}

function isAllowed(ip) {
  const address = hex(ip);
  return config.allow.some(function (prefix) {
    const first = prefix[0];
    const digits = Math.floor(prefix[1] / 4);
    const rest = prefix[1] % 4;
    if (first.length !== address.length || first.slice(0, digits) !== address.slice(0, digits)) {
      return false;
    }
    return rest === 0 ||
      parseInt(first[digits], 16) >> (4 - rest) === parseInt(address[digits], 16) >> (4 - rest);
  });
}

// hex is an address in hexadecimal digits: 8 of IPv4, 32 of IPv6.
function hex(ip) {
  if (ip.indexOf(':') < 0) {
    return ip.split('.').map(function (n) {
      return ('0' + Number(n).toString(16)).slice(-2);
    }).join('');
  }
  const halves = ip.split('::');
  const left = halves[0] ? halves[0].split(':') : [];
  const right = halves.length > 1 && halves[1] ? halves[1].split(':') : [];
  while (halves.length > 1 && left.length + right.length < 8) {
    left.push('0');
  }
  return left.concat(right).map(function (group) {
    return ('000' + group).slice(-4).toLowerCase();
  }).join('');
}
