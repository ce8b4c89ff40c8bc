use strict;
use warnings;
use Net::FTP;

my ($host, $port, $user, $password, $how, $protection, $trust, $folder, $local, $resume, $operation, @names) = @ARGV;
my $ftp = Net::FTP->new(
    $host, Port => $port, Passive => $how eq 'passive' ? 1 : 0, SSL => $protection eq 'implicit TLS',
    SSL_ca_file => $trust,
) or die $@;
if ($protection eq 'explicit TLS') { $ftp->starttls or die $@ }
sub check { my $ok = shift; die $ftp->message unless defined $ok && $ok ne ''; $ok }
check $ftp->login($user, $password);
check $ftp->binary;
check $ftp->cwd($folder);
if ($operation eq 'fetch') { check $ftp->get($names[0], $local, $resume ? -s $local : 0) }
if ($operation eq 'store') {
    open my $source, '<:raw', $local or die $!;
    if ($resume) {
        my $there = $ftp->size($names[0]);
        seek $source, $there, 0;
        $ftp->restart($there);
    }
    check $ftp->put($source, $names[0]);
}
if ($operation eq 'list') { print "$_\n" for $ftp->ls($names[0]) }
if ($operation eq 'rename') { check $ftp->rename(@names) }
if ($operation eq 'remove') { check $ftp->delete($names[0]) }
$ftp->quit;
