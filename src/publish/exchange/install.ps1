<#
.SYNOPSIS
Gives Exchange on @SERVER@ its certificate for @SERVICES@.

.DESCRIPTION
Imports @PFX@.pfx, which lies beside this script, enables the certificate for the services and looks at the result.
Run it in the Exchange Management Shell, with the rights to manage certificates. It may be run again.
A service that has a certificate keeps it until another one is enabled: Exchange takes none away.

Names: @NAMES@
Valid until: @UNTIL@
#>
[CmdletBinding()]
param(
    # The file with the private key.
    [string] $Pfx = (Join-Path -Path $PSScriptRoot -ChildPath '@PFX@.pfx'),
    # Its passphrase; asked for when it is not given.
    [System.Security.SecureString] $Password,
    # The Exchange server.
    [string] $Server = $env:COMPUTERNAME,
    # Replace the default certificate of SMTP without asking.
    [switch] $ReplaceSmtpDefault
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$thumbprint = '@THUMBPRINT@'
$services = '@SERVICES@'

if (-not (Get-Command -Name Import-ExchangeCertificate -ErrorAction SilentlyContinue)) {
    throw 'Exchange''s cmdlets are not here: run this in the Exchange Management Shell.'
}

$known = Get-ExchangeCertificate -Server $Server | Where-Object { $_.Thumbprint -eq $thumbprint }
if (-not $known) {
    if (-not $Password) {
        $Password = Read-Host -AsSecureString -Prompt "Passphrase of $Pfx"
    }
    $bytes = [System.IO.File]::ReadAllBytes((Resolve-Path -Path $Pfx).ProviderPath)
    Import-ExchangeCertificate -Server $Server -FileData $bytes -Password $Password -PrivateKeyExportable:$false | Out-Null
}

Enable-ExchangeCertificate -Server $Server -Thumbprint $thumbprint -Services $services -Force:$ReplaceSmtpDefault

$certificate = Get-ExchangeCertificate -Server $Server -Thumbprint $thumbprint
if (-not $certificate.HasPrivateKey) {
    throw "The certificate $thumbprint has no private key on $Server."
}
foreach ($service in $services.Split(',')) {
    if ("$($certificate.Services)" -notmatch "\b$service\b") {
        throw "$Server does not use the certificate $thumbprint for ${service}: it says '$($certificate.Services)'."
    }
}
if ("$($certificate.Status)" -ne 'Valid') {
    Write-Warning "Exchange says of the certificate $thumbprint that it is '$($certificate.Status)'."
}
Write-Output "$Server uses the certificate $thumbprint for $services, until $($certificate.NotAfter)."
