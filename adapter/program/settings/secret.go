package settings

// SecretPrefix begins the names of variables that hold references to secrets.
// What follows is the name of the variable that the program's command exec gives
// to the server, with the secret's value.
const SecretPrefix = "CDKWEB_SECRET_"
