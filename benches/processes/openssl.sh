#!/bin/sh
# Certificates of a private authority by openssl: openssl.sh AUTHORITY FOLDER ec|rsa COUNT [together]
#
# AUTHORITY has root.pem, issuing.pem and issuing.key; FOLDER gets a folder for each name, with its private key, request,
# certificate and chain. Nothing is synced, checked or taken back. `together`: one process makes private key and request.
set -eu
authority=$1 folder=$2 algorithm=$3 count=$4 together=${5:-}
# Debian's openssl x509 reads all the roots of the machine at every start, unless it is told of none
export SSL_CERT_FILE=/dev/null
umask 077
case $algorithm in
ec) kind=EC option=ec_paramgen_curve:P-256 ;;
rsa) kind=RSA option=rsa_keygen_bits:2048 ;;
esac
printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth \
    subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >"$folder/extensions"
number=0
while [ "$number" -lt "$count" ]; do
    name=host$number.example.com
    own=$folder/$name
    mkdir "$own"
    if [ -n "$together" ]; then
        openssl req -new -newkey "$kind" -pkeyopt "$option" -nodes -keyout "$own/private-key.pem" \
            -out "$own/request.csr" -subj "/CN=$name" -addext "subjectAltName=DNS:$name"
    else
        openssl genpkey -algorithm "$kind" -pkeyopt "$option" -out "$own/private-key.pem"
        openssl req -new -key "$own/private-key.pem" -out "$own/request.csr" \
            -subj "/CN=$name" -addext "subjectAltName=DNS:$name"
    fi
    openssl x509 -req -in "$own/request.csr" -CA "$authority/issuing.pem" -CAkey "$authority/issuing.key" \
        -CAserial "$folder/serial" -CAcreateserial -days 47 -copy_extensions copy -extfile "$folder/extensions" \
        -out "$own/certificate.pem"
    cp "$authority/issuing.pem" "$own/chain.pem"
    number=$((number + 1))
done
