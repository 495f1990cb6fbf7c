#!/bin/sh
# Certificates of a private authority by GnuTLS's certtool: certtool.sh AUTHORITY FOLDER ec|rsa COUNT
#
# The same as openssl.sh.
set -eu
authority=$1 folder=$2 algorithm=$3 count=$4
umask 077
case $algorithm in
ec) new='--key-type ecdsa --curve secp256r1' ;;
rsa) new='--key-type rsa --bits 2048' ;;
esac
number=0
while [ "$number" -lt "$count" ]; do
    name=host$number.example.com
    own=$folder/$name
    mkdir "$own"
    printf '%s\n' "cn = $name" "dns_name = $name" tls_www_server signing_key 'expiration_days = 47' >"$own/template"
    # shellcheck disable=SC2086 # several words
    certtool --generate-privkey $new --outfile "$own/private-key.pem"
    certtool --generate-request --load-privkey "$own/private-key.pem" --template "$own/template" \
        --outfile "$own/request.csr"
    certtool --generate-certificate --load-request "$own/request.csr" --template "$own/template" \
        --load-ca-certificate "$authority/issuing.pem" --load-ca-privkey "$authority/issuing.key" \
        --outfile "$own/certificate.pem"
    cp "$authority/issuing.pem" "$own/chain.pem"
    number=$((number + 1))
done
